"""What deployers and steps say about an endpoint: model, address, headers and state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from faces.errors import UserError
from serving.settings import ServerSettings

OPERATOR = "operator"
"""The sender of feedback from this project's own commands, such as `predict --label`."""

FEEDBACK_KEY = "feedback_"
"""Prefix of a secret's keys with tokens for feedback; the sender's name follows."""

OPERATOR_KEY = FEEDBACK_KEY + OPERATOR


@dataclass(frozen=True)
class ModelArtifact:
    """A portable model's file.

    Attributes:
        version: The model version in ZenML.
        data: The file's content: .npz, see `faces.runtime.portable`.
        hash: SHA-256 of `data`, in hexadecimal digits.
        statements: Signed statements about it, one per line; "" if it is not signed.
    """

    version: str
    data: bytes
    hash: str
    statements: str = ""


@dataclass(frozen=True)
class Replaced:
    """What a deployment replaced.

    Attributes:
        version: The model version that was served.
        settings: The settings that it was served with.
    """

    version: str
    settings: ServerSettings


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint.

    Attributes:
        url: Base address, without the path of an API call.
        version: The model version that it serves.
        headers: HTTP headers that clients must send.
        feedback_headers: HTTP headers for feedback; None if this project's own commands have no
            token for it.
        note: A warning for the user, if there is one.
        replaced: What was served before, if this endpoint was just deployed.
    """

    url: str
    version: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    feedback_headers: Mapping[str, str] | None = field(default_factory=dict, repr=False)
    note: str | None = None
    replaced: Replaced | None = None

    def require_feedback_headers(self) -> Mapping[str, str]:
        """Return the HTTP headers for feedback.

        Raises:
            UserError: If this project's own commands have no token for feedback.
        """
        if self.feedback_headers is None:
            raise UserError(
                f"the endpoint's secret has no key '{OPERATOR_KEY}', so this command may not send "
                f"feedback: zenml secret update SECRET --{OPERATOR_KEY}=…, then deploy again"
            )
        return self.feedback_headers


class State(StrEnum):
    """Whether an endpoint answers."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class EndpointStatus:
    """The state of an endpoint.

    Attributes:
        endpoint: The endpoint as it was deployed.
        state: Whether it answers.
        detail: The process or the pods that it runs in, or what is wrong.
        since: When it was started; None if it is not running.
        logs: Where its logs are.
    """

    endpoint: Endpoint
    state: State
    detail: str
    since: datetime | None
    logs: str
