"""WSGI front end: checks access, parses bodies and routes requests.

Predictions and feedback are answered by the object that Seldon's application wraps, without the
overhead of Flask. Seldon's internal path `/predict` goes through its application.
"""

import logging
import math
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import orjson
from seldon_core.seldon_methods import init_metadata

from serving import openapi, v2
from serving.access_log import log_access
from serving.errors import RequestError
from serving.feedback_parser import read_feedback
from serving.forms import FORM, MULTIPART, json_of_form
from serving.metrics import CONTENT_TYPE, Metrics, exposition
from serving.model import UNAVAILABLE, FaceModel
from serving.origin import OriginCheck
from serving.rate_limit import RateLimiter
from serving.request_body import JSON, BodyReader
from serving.routes import FEEDBACK, OTHER, PREDICTIONS, Response, Route
from serving.seldon_application import Application, Environ, call_seldon
from serving.settings import ServerSettings
from serving.tokens import ANONYMOUS, Authenticator, Caller, Tokens

PREDICT = "/api/v1.0/predictions"
FORMS = frozenset({JSON, FORM, MULTIPART})
"""Seldon's own clients send forms to its internal paths."""

TENSORS = frozenset({JSON, v2.BINARY, ""})
"""Triton's client names no content type."""

TEXT, HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
INGRESS_PREFIX = re.compile(r"/seldon/[^/]+/(?:(?!api/)[^/]+/(?=.))?")
"""Of Seldon's ingress, /seldon/namespace/name/; older clients leave out the namespace."""

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
        self.authenticator, self.origins = Authenticator(tokens), OriginCheck(tokens is not None)
        self.bodies, self.routes = BodyReader(settings.max_body_bytes), self._routes()
        rate = settings.requests_per_second
        self.limiter = RateLimiter(rate) if rate else None
        self._versions = f"/v2/models/{settings.name}/versions/"

    def _routes(self) -> dict[str, Route]:
        predict = Route("POST", self._predict, PREDICTIONS)
        feedback = Route("POST", self._feedback, FEEDBACK)
        health, metadata = Route("GET", self._health), Route("GET", self._metadata)
        description = Route("GET", lambda *_: (200, openapi.description(self.settings), JSON, {}))
        v2_model = f"/v2/models/{self.settings.name}"
        return {
            PREDICT: predict,
            "/api/v0.1/predictions": predict,
            "/predict": Route("POST", self._predict_by_seldon, PREDICTIONS, False, FORMS, True),
            "/api/v1.0/feedback": feedback,
            "/api/v0.1/feedback": feedback,
            "/send-feedback": feedback._replace(types=FORMS, query=True),
            "/health/ping": Route("GET", lambda *_: (200, b"pong", TEXT, {}), public=True),
            "/health/status": health,
            "/api/v1.0/health/status": health,
            "/metadata": metadata,
            "/api/v1.0/metadata": metadata,
            "/openapi.json": description,
            "/seldon.json": description,
            "/docs": Route("GET", lambda *_: (200, openapi.page(self.settings), HTML, {})),
            "/prometheus": Route("GET", lambda *_: (200, exposition(), CONTENT_TYPE, {})),
            "/v2": Route("GET", lambda *_: _json(v2.server_metadata())),
            "/v2/health/live": Route("GET", lambda *_: _json({"live": True}), public=True),
            "/v2/health/ready": Route("GET", self._ready, public=True),
            v2_model: Route("GET", self._v2_metadata),
            f"{v2_model}/ready": Route("GET", self._ready),
            f"{v2_model}/infer": Route("POST", self._v2_infer, PREDICTIONS, types=TENSORS),
        }

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        start = time.perf_counter()
        kind, (code, body, content_type, more) = self._answer(environ)
        seconds = time.perf_counter() - start
        self.metrics.count_request(kind, code, seconds)
        if self.settings.access_log:
            log_access(environ, kind, code, body, seconds)
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(STATUS_LINES[code], headers + list(more.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def prepare(self) -> None:
        """Do ahead what the next request would wait for: the server calls this when it is idle."""
        if self.model.capture:
            self.model.capture.flush()

    def _answer(self, environ: Environ) -> tuple[str, Response]:
        kind = OTHER
        try:
            path = self._path(environ["PATH_INFO"])
            self.origins.check(environ)
            route = self._route(path, environ["REQUEST_METHOD"])
            kind = route.kind
            caller = self._authorize(route, environ)
            if self.limiter and kind != OTHER:
                self._limit(caller, environ)
            environ["PATH_INFO"] = path
            if route.method == "GET":
                return kind, route.answer(environ, b"", caller)
            if environ["REQUEST_METHOD"] == "GET":
                self.origins.check_query(environ)
                message = json_of_form(environ["QUERY_STRING"], "query")
                return kind, route.answer(environ, message, caller)
            size = self.bodies.begin(environ, route.types)
            try:
                return kind, route.answer(environ, self.bodies.read(environ), caller)
            finally:
                self.bodies.end(size)
        except RequestError as error:
            return kind, (error.status_code, orjson.dumps(error.to_dict()), JSON, error.headers)
        except Exception:
            log.exception("a request failed")
            failure = RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "see the server's log")
            return kind, (500, orjson.dumps(failure.to_dict()), JSON, {})

    def _path(self, path: str) -> str:
        """Remove the prefix of Seldon's ingress, and the version of V2 if it is served."""
        if prefix := INGRESS_PREFIX.match(path):
            path = path[prefix.end() - 1 :]
        if path.startswith(self._versions):
            version, _, action = path.removeprefix(self._versions).partition("/")
            if version != self.model.follower.get().version:
                raise RequestError(HTTPStatus.NOT_FOUND, "path: this version is not served")
            path = f"/v2/models/{self.settings.name}" + (f"/{action}" if action else "")
        return path

    def _route(self, path: str, method: str) -> Route:
        route = self.routes.get(path)
        if route is None:
            raise RequestError(HTTPStatus.NOT_FOUND, f"path: {path} does not exist")
        if method not in route.methods:
            allowed = ", ".join(route.methods)
            raise RequestError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"method: {path} allows only {allowed}",
                {"Allow": allowed},
            )
        return route

    def _authorize(self, route: Route, environ: Environ) -> Caller:
        caller = self.authenticator.identify(
            environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        )
        if caller is None:
            if route.public:
                return Caller("", False)
            self._limit(ANONYMOUS, environ)
            raise RequestError(
                HTTPStatus.UNAUTHORIZED,
                "Authorization: the bearer token is missing or wrong",
                {"WWW-Authenticate": "Bearer"},
            )
        if route.kind == FEEDBACK and not caller.may_send_feedback:
            raise RequestError(
                HTTPStatus.FORBIDDEN,
                "Authorization: this token allows predictions only; use a token for feedback",
                {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )
        return caller

    def _limit(self, caller: Caller, environ: Environ) -> None:
        """Raise RequestError if the client sends too much; it is known by token, or by address."""
        if self.limiter is None:
            return
        anonymous = caller is ANONYMOUS
        client = f"address {environ['REMOTE_ADDR']}" if anonymous else f"token {caller.sender}"
        if wait := self.limiter.take(client):
            raise RequestError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"client: more than {self.settings.requests_per_second:g} requests per second",
                {"Retry-After": str(math.ceil(wait))},
            )

    def _predict(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        return 200, self.model.predict_raw(body), JSON, {}

    def _predict_by_seldon(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        return *call_seldon(self.seldon, environ, body), {}

    def _feedback(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        return 200, self.model.take_feedback(read_feedback(body), caller.sender), JSON, {}

    def _health(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        tags = self.model.health()
        code = 503 if tags["status"] == UNAVAILABLE else 200
        return _json({"data": {"names": [], "ndarray": []}, "meta": {"tags": tags}}, code)

    def _ready(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        ready = self.model.health()["status"] != UNAVAILABLE
        return _json({"ready": ready}, 200 if ready else 503)

    def _metadata(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        return _json(init_metadata(self.model))

    def _v2_metadata(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        loaded = self.model.follower.get()
        return _json(v2.model_metadata(self.settings.name, loaded.version, len(loaded.classes)))

    def _v2_infer(self, environ: Environ, body: bytes, caller: Caller) -> Response:
        request = v2.read_infer(body, environ.get("HTTP_INFERENCE_HEADER_CONTENT_LENGTH"))
        answer = self.model.predict_faces(request.pixels, request.id)
        return 200, *v2.write_infer(self.settings.name, request, answer)


def _json(message: Any, code: int = 200) -> Response:
    return code, orjson.dumps(message), JSON, {}
