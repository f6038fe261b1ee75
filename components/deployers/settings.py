"""Settings of an endpoint. The only place with their defaults."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from components.settings import Settings
from faces.evaluation.canary_policy import CanaryLimits
from serving.settings import MAX_ROTATE_SECONDS, ServerSettings
from store.signing import require_public_key

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class EndpointSettings(Settings):
    """Where the endpoint listens, and who may use it."""

    host: str = Field(
        default="127.0.0.1",
        description="address to listen on; other than loopback, it requires a token",
    )
    port: int = Field(default=9000, ge=1, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=64, description="number of worker processes")
    token_secret: str = Field(
        default="",
        description="ZenML secret with bearer tokens: `token` for predictions, and one "
        "`feedback_SENDER` for each sender of feedback",
    )
    max_body_bytes: int = Field(
        default=8_000_000, ge=10_000, description="maximum size of a request in bytes"
    )
    request_timeout_seconds: int = Field(
        default=60,
        ge=1,
        description="seconds after which a client that has not sent its request is disconnected",
    )

    requests_per_second: Annotated[
        float,
        Field(
            ge=0,
            strict=False,
            description="predictions and feedback that each client (token, or address without "
            "tokens) may send to each worker; 0: no limit",
        ),
    ] = 0.0
    require_signature: bool = Field(
        default=False,
        description="serve only versions whose provenance and gate decision are signed with the "
        "key in the ZenML secret `signing`",
    )
    access_log: bool = Field(
        default=False,
        description="log a line per request: kind, status, size, duration, trace id; no content",
    )

    log_format: Literal["text", "json"] = Field(
        default="text",
        description="json: a JSON object per line of the log, with ids of requests",
    )

    @model_validator(mode="after")
    def _require_token_unless_loopback(self) -> Self:
        if not self.token_secret and self.host not in LOOPBACK:
            raise PydanticCustomError(
                "open_host",
                "the endpoint would be reachable from other machines: set endpoint.token_secret",
            )
        return self


class CaptureSettings(Settings):
    """Which answered requests are kept, where, and for how long."""

    capture: bool = Field(default=True, description="keep answered requests for drift detection")
    sampling_rate: Annotated[
        float,
        Field(ge=0, le=1, strict=False, description="share of requests that is captured"),
    ] = 1.0
    capture_uri: str = Field(
        default="", description="folder or URI of captured requests; '': in the server's folder"
    )
    retention_days: Annotated[
        float,
        Field(gt=0, strict=False, description="days after which captured requests are deleted"),
    ] = 30.0
    max_capture_bytes: int = Field(
        default=10_000_000_000,
        ge=1_000_000,
        description="size above which the oldest captured requests are deleted",
    )
    rotate_bytes: int = Field(
        default=64_000_000, ge=100_000, description="size at which a new capture file is started"
    )
    rotate_seconds: Annotated[
        float,
        Field(
            ge=1,
            le=MAX_ROTATE_SECONDS,
            strict=False,
            description="seconds after which a new capture file is started",
        ),
    ] = 3600.0


class CanarySettings(Settings):
    """When a canary release advances, and when it goes back."""

    share: float = Field(
        default=CanaryLimits.share,
        gt=0,
        lt=1,
        description="share of requests that the candidate answers before it answers all",
    )
    level: float = Field(
        default=CanaryLimits.level,
        gt=0,
        lt=0.5,
        description="largest probability that a candidate which is no worse is ever sent back, and "
        "that one which is worse by `margin` ever answers all requests",
    )
    margin: float = Field(
        default=CanaryLimits.margin,
        gt=0,
        lt=1,
        description="loss of accuracy that must be ruled out before the candidate answers all",
    )
    watch_faces: int = Field(
        default=CanaryLimits.watch_faces,
        ge=0,
        description="faces for which it is watched afterwards, with the previous version",
    )
    maximum_faces: int = Field(
        default=CanaryLimits.maximum_faces,
        ge=1,
        description="a candidate that does not answer all after this number of faces is sent back",
    )

    @property
    def limits(self) -> CanaryLimits:
        """The settings as the policy takes them."""
        return CanaryLimits(**self.model_dump())


class ServingSettings(Settings):
    """Everything that can be set about an endpoint."""

    endpoint: EndpointSettings = EndpointSettings()
    capture: CaptureSettings = CaptureSettings()

    def for_server(self, name: str, folder: str, replicas: int = 1) -> ServerSettings:
        """Return the settings of a server.

        Args:
            name: The server's name, which requests and captured files carry.
            folder: The folder where the server keeps its files.
            replicas: The number of servers that share the requests.
        """
        values = {**self.endpoint.model_dump(), **self.capture.model_dump()}
        values["public_key"] = require_public_key() if values.pop("require_signature") else ""
        return ServerSettings(name=name, folder=folder, replicas=replicas, **values)
