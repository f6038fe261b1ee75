"""Settings of an endpoint. The only place with their defaults."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from components.settings import Settings
from serving.settings import MAX_ROTATE_SECONDS, ServerSettings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class EndpointSettings(Settings):
    """Where the endpoint listens, and who may use it."""

    host: str = Field(
        default="127.0.0.1", description="address to listen on; not loopback: needs a token"
    )
    port: int = Field(default=9000, ge=1, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=64, description="processes that answer requests")
    token_secret: str = Field(
        default="", description="ZenML secret whose key `token` clients must send as bearer token"
    )
    max_body_bytes: int = Field(
        default=8_000_000, ge=10_000, description="larger requests are refused"
    )
    request_timeout_seconds: int = Field(
        default=60, ge=1, description="clients that take longer to send a request are disconnected"
    )

    @model_validator(mode="after")
    def _require_token_unless_loopback(self) -> Self:
        if not self.token_secret and self.host not in LOOPBACK:
            raise PydanticCustomError(
                "open_host",
                "others could reach the endpoint, so endpoint.token_secret must name a secret",
            )
        return self


class CaptureSettings(Settings):
    """Which answered requests are kept, where, and for how long."""

    capture: bool = Field(default=True, description="keep answered requests for drift detection")
    capture_uri: str = Field(
        default="", description="folder or URI of captured requests; '': in the server's folder"
    )
    retention_days: Annotated[
        float, Field(gt=0, strict=False, description="captured requests are deleted after this")
    ] = 30
    rotate_bytes: int = Field(
        default=64_000_000, ge=100_000, description="a new capture file is started at this size"
    )
    rotate_seconds: Annotated[
        float,
        Field(
            ge=1,
            le=MAX_ROTATE_SECONDS,
            strict=False,
            description="a new capture file is started after this time",
        ),
    ] = 3600


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
        return ServerSettings(name=name, folder=folder, replicas=replicas, **values)
