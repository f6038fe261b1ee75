"""HTTP error responses in Seldon's status format."""

from http import HTTPStatus
from typing import Any

from seldon_core.flask_utils import SeldonMicroserviceException


class RequestError(SeldonMicroserviceException):  # type: ignore[misc]
    """The request cannot be answered; the message begins with the field that is wrong."""

    def __init__(self, status: HTTPStatus, info: str, headers: dict[str, str] | None = None):
        super().__init__(info, status_code=status.value, reason=status.name)
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """Return the body of the response: Seldon's status with the HTTP code in it."""
        return {
            "status": {
                "code": self.status_code,
                "info": self.message,
                "reason": self.reason,
                "status": "FAILURE",
            }
        }


def bad_request(field: str, problem: str) -> RequestError:
    """Make the error for a wrong field of the body: 400."""
    return RequestError(HTTPStatus.BAD_REQUEST, f"{field}: {problem}")
