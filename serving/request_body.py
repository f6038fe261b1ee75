"""Read the bodies of requests: their content type, their size, and forms."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from serving.errors import RequestError
from serving.forms import FORM, MULTIPART, json_of_form, json_of_multipart
from serving.http_head import MalformedRequestError

JSON = "application/json"
CLOSE = {"Connection": "close"}
MAX_BODIES_BYTES = 256_000_000
"""Size of all bodies that are being received at the same time."""


class BodyReader:
    """Reads bodies. Each has a maximum size, and so have all that are being received.

    Args:
        limit: Maximum size of a body in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._receiving = 0

    def begin(self, environ: Mapping[str, Any], types: Collection[str]) -> int:
        """Check the head of a request with a body, which then counts as being received.

        Args:
            environ: The request's WSGI environment.
            types: The content types that it may have; "" for none.

        Returns:
            The size to call `end` with once the request is answered.

        Raises:
            RequestError: If it is too large or of another type, or if the server is receiving too
                much.
        """
        _check_type(environ, types)
        expected = int(environ.get("CONTENT_LENGTH") or self._limit)
        if expected > self._limit:
            raise self._too_large()
        if self._receiving + expected > MAX_BODIES_BYTES:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "body: the server is receiving too much at the same time",
                {"Retry-After": "1", **CLOSE},
            )
        self._receiving += expected
        return expected

    def end(self, expected: int) -> None:
        """Stop to count a body as being received.

        Args:
            expected: What `begin` returned.
        """
        self._receiving -= expected

    def read(self, environ: Mapping[str, Any]) -> bytes:
        """Read the body of a request.

        Args:
            environ: The request's WSGI environment.

        Returns:
            The message, as JSON, also if it is a form.

        Raises:
            RequestError: If it is too large or malformed.
        """
        body = self._read(environ["wsgi.input"])
        content_type = _content_type(environ)
        if content_type == FORM:
            return json_of_form(body)
        if content_type == MULTIPART:
            return json_of_multipart(body, environ["CONTENT_TYPE"])
        return body

    def _read(self, stream: Any) -> bytes:
        try:
            body: bytes = stream.read(self._limit + 1)
        except (OSError, MalformedRequestError) as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, f"body: {error}", CLOSE) from error
        if len(body) > self._limit:
            raise self._too_large()
        return body

    def _too_large(self) -> RequestError:
        info = f"body: larger than {self._limit} bytes"
        return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, info, CLOSE)


def _content_type(environ: Mapping[str, Any]) -> str:
    content_type: str = environ.get("CONTENT_TYPE", "")
    if content_type == JSON:
        return content_type
    return content_type.partition(";")[0].strip().lower()


def _check_type(environ: Mapping[str, Any], types: Collection[str]) -> None:
    """Raise RequestError if the content type is none of those that are allowed."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding: bodies must not be compressed"
        )
    if _content_type(environ) not in types:
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {JSON} is required")
