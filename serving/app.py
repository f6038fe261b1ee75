"""WSGI front end: validates requests, answers predictions itself, forwards the rest to Seldon.

Predictions on `/api/v1.0/predictions` are answered by the same object that Seldon's application
would call, without the overhead of Flask.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any

import orjson
from seldon_core.seldon_methods import init_metadata

from serving.errors import BadRequestError, RequestError
from serving.http_head import MalformedRequestError
from serving.metrics import CONTENT_TYPE, Metrics, exposition
from serving.model import SENDER, FaceModel
from serving.settings import ServerSettings
from serving.tokens import Authenticator, Tokens

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Response = tuple[int, bytes, str, Mapping[str, str]]
"""Status code, body, content type and further headers."""

PREDICT = "/api/v1.0/predictions"
PING = "/health/ping"
FEEDBACK_PATHS = {"/api/v1.0/feedback", "/api/v0.1/feedback", "/send-feedback"}
POST_PATHS = FEEDBACK_PATHS | {PREDICT, "/api/v0.1/predictions", "/predict"}
GET_PATHS = {
    PING,
    "/health/status",
    "/api/v1.0/health/status",
    "/metadata",
    "/api/v1.0/metadata",
    "/seldon.json",
    "/prometheus",
}
JSON = "application/json"
CLOSE = {"Connection": "close"}
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
log = logging.getLogger("serving")


class WSGIApp:
    """The WSGI application that clients talk to.

    Args:
        seldon: Seldon's own application.
        model: The model that it wraps.
        metrics: Counts requests.
        settings: The server's settings.
        tokens: The bearer tokens of clients; None if the server is open to all.
    """

    def __init__(
        self,
        seldon: Application,
        model: FaceModel,
        metrics: Metrics,
        settings: ServerSettings,
        tokens: Tokens | None,
    ) -> None:
        self.seldon, self.model, self.metrics, self.settings = seldon, model, metrics, settings
        self.authenticator = Authenticator(tokens)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        start = time.perf_counter()
        code, body, content_type, more = self._answer(environ)
        self.metrics.count_request(code, time.perf_counter() - start)
        headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            *more.items(),
        ]
        start_response(STATUS_LINES[code], headers)
        return [body]

    def _answer(self, environ: Environ) -> Response:
        try:
            return self._route(environ)
        except RequestError as error:
            return error.status_code, orjson.dumps(error.to_dict()), JSON, error.headers
        except Exception:
            log.exception("a request failed")
            failure = RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "see the server's log")
            return 500, orjson.dumps(failure.to_dict()), JSON, {}

    def _route(self, environ: Environ) -> Response:
        path = _strip_ingress_prefix(environ["PATH_INFO"])
        _check_method(path, environ["REQUEST_METHOD"])
        if path != PING:
            SENDER.set(self._authorize(path, environ))
        if path in POST_PATHS:
            body = self._read_body(environ)
            if path == PREDICT:
                return 200, self.model.predict_raw(body), JSON, {}
            _require_object(body)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        elif path == "/prometheus":
            return 200, exposition(), CONTENT_TYPE, {}
        elif path.endswith("/metadata"):
            return 200, orjson.dumps(init_metadata(self.model)), JSON, {}
        environ["PATH_INFO"] = path
        environ["QUERY_STRING"] = ""
        return _forward(self.seldon, environ)

    def _authorize(self, path: str, environ: Environ) -> str:
        """Return the sender's name, "" without one. Raises RequestError if access is denied."""
        caller = self.authenticator.identify(
            environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        )
        if caller is None:
            raise RequestError(
                HTTPStatus.UNAUTHORIZED,
                "Authorization: the bearer token is missing or wrong",
                {"WWW-Authenticate": "Bearer"},
            )
        if path in FEEDBACK_PATHS and not caller.may_send_feedback:
            raise RequestError(
                HTTPStatus.FORBIDDEN,
                "Authorization: this token allows predictions only; use a token for feedback",
                {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )
        return caller.sender

    def _read_body(self, environ: Environ) -> bytes:
        content_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if content_type != JSON:
            raise RequestError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {JSON} is required"
            )
        limit = self.settings.max_body_bytes
        length = environ.get("CONTENT_LENGTH")
        if length and int(length) > limit:
            raise _too_large(limit)
        try:
            body: bytes = environ["wsgi.input"].read(limit + 1)
        except (OSError, MalformedRequestError) as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, f"body: {error}", CLOSE) from error
        if len(body) > limit:
            raise _too_large(limit)
        return body


def _check_method(path: str, method: str) -> None:
    allowed = "POST" if path in POST_PATHS else "GET" if path in GET_PATHS else ""
    if not allowed:
        raise RequestError(HTTPStatus.NOT_FOUND, f"path: {path} does not exist")
    if method != allowed:
        raise RequestError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"method: {path} allows only {allowed}",
            {"Allow": allowed},
        )


def _strip_ingress_prefix(path: str) -> str:
    """Remove the prefix of Seldon's ingress: /seldon/<namespace>/<name>."""
    if path.startswith("/seldon/"):
        parts = path.split("/", 4)
        return f"/{parts[4]}" if len(parts) == 5 else path
    return path


def _too_large(limit: int) -> RequestError:
    info = f"body: larger than {limit} bytes"
    return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, info, CLOSE)


def _require_object(body: bytes) -> None:
    try:
        message = orjson.loads(body)
    except ValueError as error:
        raise BadRequestError("body", f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadRequestError("body", "expected an object")


def _forward(application: Application, environ: Environ) -> Response:
    """Call Seldon's application, and drop the headers that admit pages of any origin (CORS)."""
    response: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        response[:] = [int(status.split(" ", 1)[0]), dict(headers)]

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    code, headers = response
    return code, body, headers.get("Content-Type", JSON), {}
