"""HTTP error responses, for clients of Seldon's protocol and of V2."""

from http import HTTPStatus
from typing import Any

import orjson
from seldon_core.flask_utils import SeldonMicroserviceException


class RequestError(SeldonMicroserviceException):  # type: ignore[misc]
    """The request cannot be answered.

    Args:
        status: HTTP status of the response.
        info: One line for the client; it begins with the field or header that is wrong.
        headers: HTTP headers to add to the response.
    """

    def __init__(
        self, status: HTTPStatus, info: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(info, status_code=status.value, reason=status.name)
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """Return the body of the response: Seldon's status, and V2's error."""
        return {
            "status": {
                "code": self.status_code,
                "info": self.message,
                "reason": self.reason,
                "status": "FAILURE",
            },
            "error": self.message,
        }


class BadRequestError(RequestError):
    """A field of the body is wrong: 400.

    Args:
        field: Path of the field, such as "data.ndarray[0]".
        problem: What is wrong with it.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, f"{field}: {problem}")


def malformed_response(error: Exception) -> bytes:
    """Return the whole response to a request that is not valid HTTP; it ends the connection.

    Args:
        error: Why it is not.
    """
    failure = RequestError(HTTPStatus.BAD_REQUEST, f"request: {error}")
    body = orjson.dumps(failure.to_dict())
    return (
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
