"""Call Seldon's own application, which answers Seldon's internal path."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from serving.request_body import JSON

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def call_seldon(application: Application, environ: Environ, body: bytes) -> tuple[int, bytes, str]:
    """Call Seldon's application, and drop the headers that admit pages of any origin (CORS).

    Args:
        application: Seldon's application.
        environ: The WSGI environment of the request.
        body: The request's message, as JSON.

    Returns:
        Status code, body and content type of the response.
    """
    environ |= {
        "REQUEST_METHOD": "POST",
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": JSON,
        "QUERY_STRING": "",
    }
    response: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        response[:] = [int(status.split(" ", 1)[0]), dict(headers)]

    parts = application(environ, start_response)
    try:
        answer = b"".join(parts)
    finally:
        getattr(parts, "close", bool)()
    code, headers = response
    return code, answer, headers.get("Content-Type", JSON)
