"""What stands before Seldon's application: it lets through what is well-formed, and nothing else.

Predictions on `/api/v1.0/predictions` are answered here, by the same object that Seldon's
application would ask, without Flask's share of the time. Everything else goes to Seldon's.
"""

import hmac
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any

import orjson
from seldon_core.seldon_methods import init_metadata

from serving.errors import RequestError, bad_request
from serving.metrics import TYPE, Metrics, exposed
from serving.model import FaceModel
from serving.settings import ServerSettings

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PREDICT = "/api/v1.0/predictions"
PING = "/health/ping"
POSTED = {
    PREDICT,
    "/api/v0.1/predictions",
    "/predict",
    "/api/v1.0/feedback",
    "/api/v0.1/feedback",
    "/send-feedback",
}
READ = {
    PING,
    "/health/status",
    "/api/v1.0/health/status",
    "/metadata",
    "/api/v1.0/metadata",
    "/seldon.json",
    "/prometheus",
}
JSON = "application/json"
REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
log = logging.getLogger("serving")


class WSGIApp:
    """The WSGI application that clients talk to."""

    def __init__(
        self,
        seldon: Application,
        model: FaceModel,
        metrics: Metrics,
        settings: ServerSettings,
        token: str | None,
    ) -> None:
        self.seldon, self.model, self.metrics, self.settings = seldon, model, metrics, settings
        self.bearer = f"Bearer {token}".encode() if token else None

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        begin = time.perf_counter()
        code, body, kind, more = self._answer(environ)
        self.metrics.answered(code, time.perf_counter() - begin)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *more.items()]
        start_response(REASONS[code], headers)
        return [body]

    def _answer(self, environ: Environ) -> tuple[int, bytes, str, Mapping[str, str]]:
        try:
            path = _path(environ["PATH_INFO"])
            self._check(path, environ)
            if path in POSTED:
                body = self._read_body(environ)
                if path == PREDICT:
                    return 200, self.model.predict_raw(body), JSON, {}
                _check_object(body)
                environ["wsgi.input"] = BytesIO(body)
                environ["CONTENT_LENGTH"] = str(len(body))
            elif path == "/prometheus":
                return 200, exposed(), TYPE, {}
            elif path.endswith("/metadata"):
                return 200, orjson.dumps(init_metadata(self.model)), JSON, {}
            environ["PATH_INFO"] = path
            environ["QUERY_STRING"] = ""
            return (*_ask(self.seldon, environ), {})
        except RequestError as refusal:
            code = refusal.status_code
            return code, orjson.dumps(refusal.to_dict()), JSON, refusal.headers
        except Exception:
            log.exception("a request failed")
            broken = RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "see the server's log")
            return 500, orjson.dumps(broken.to_dict()), JSON, {}

    def _check(self, path: str, environ: Environ) -> None:
        method = environ["REQUEST_METHOD"]
        allowed = "POST" if path in POSTED else "GET" if path in READ else ""
        if not allowed:
            raise RequestError(HTTPStatus.NOT_FOUND, f"path: there is nothing at {path}")
        if method != allowed:
            raise RequestError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"method: {path} takes {allowed}",
                {"Allow": allowed},
            )
        if self.bearer and path != PING:
            given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
            if not hmac.compare_digest(given, self.bearer):
                raise RequestError(
                    HTTPStatus.UNAUTHORIZED,
                    "Authorization: the bearer token is missing or wrong",
                    {"WWW-Authenticate": "Bearer"},
                )

    def _read_body(self, environ: Environ) -> bytes:
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {JSON} is needed")
        most = self.settings.max_body_bytes
        length = environ.get("CONTENT_LENGTH")
        if length and int(length) > most:
            raise _too_large(most)
        try:
            body: bytes = environ["wsgi.input"].read(most + 1)
        except OSError as error:
            close = {"Connection": "close"}
            raise RequestError(HTTPStatus.BAD_REQUEST, f"body: {error}", close) from error
        if len(body) > most:
            raise _too_large(most)
        return body


def _path(path: str) -> str:
    """Without what Seldon's ingress puts before it: /seldon/<namespace>/<name>."""
    if path.startswith("/seldon/"):
        parts = path.split("/", 4)
        return f"/{parts[4]}" if len(parts) == 5 else path
    return path


def _too_large(most: int) -> RequestError:
    info = f"body: at most {most} bytes are taken"
    return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, info, {"Connection": "close"})


def _check_object(body: bytes) -> None:
    try:
        message = orjson.loads(body)
    except ValueError as error:
        raise bad_request("body", f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise bad_request("body", "an object is needed")


def _ask(application: Application, environ: Environ) -> tuple[int, bytes, str]:
    """Seldon's application, without its invitation to the cli of any page (CORS)."""
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        told[:] = [int(status.split(" ", 1)[0]), dict(headers)]

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    code, headers = told
    return code, body, headers.get("Content-Type", JSON)
