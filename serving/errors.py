"""An answer that says no, in the form of Seldon's status."""

from http import HTTPStatus
from typing import Any

from seldon_core.flask_utils import SeldonMicroserviceException


class RequestError(SeldonMicroserviceException):  # type: ignore[misc]
    """The request cannot be answered; `info` begins with the field that is wrong."""

    def __init__(self, status: HTTPStatus, info: str, headers: dict[str, str] | None = None):
        super().__init__(info, status_code=status.value, reason=status.name)
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """Seldon's status body, with HTTP's code in it."""
        return {
            "status": {
                "code": self.status_code,
                "info": self.message,
                "reason": self.reason,
                "status": "FAILURE",
            }
        }


def bad_request(field: str, problem: str) -> RequestError:
    """400: this field of the body is wrong."""
    return RequestError(HTTPStatus.BAD_REQUEST, f"{field}: {problem}")
