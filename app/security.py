"""Who may use the app, from where, and what browsers may do with its answers."""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.tokens import Authenticator, Tokens

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

MAX_REQUEST_BYTES = 32_000_000
"""Largest request: a photo and the form around it."""

ASSETS = "/_nicegui/"
"""Path of scripts, styles and fonts, which contain no data and may be cached."""

LOGIN = "/login"
COOKIE = "faces_app"
HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'; "
    "form-action 'self'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The pages' library evaluates inline scripts, but nothing may come from another host."""

LOGIN_PAGE = """<!doctype html><html lang="en"><title>Faces</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:1rem system-ui;color-scheme:light dark;display:grid;place-items:center;height:90vh}
input,button{font:inherit;padding:.5rem .75rem}</style>
<form method="post"><p><label>Token<br>
<input name="token" type="password" autofocus required></label>
<button>Open</button><p role="alert">MESSAGE</form></html>"""


class Guard:
    """Middleware that checks every request and WebSocket before the app sees it.

    Without a token, only names of this machine are accepted as `Host`; requests of pages of other
    origins are always refused.

    Args:
        app: The app.
        token: The token that clients must send, as a bearer token or through the login page; None
            accepts everybody who can connect.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token
        self._authenticator = Authenticator(Tokens(token) if token else None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. See ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, _with_headers(scope, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            if scope["path"] == LOGIN and scope["method"] == "POST":
                refusal = self._log_in(await _body(receive), scope["scheme"])
            await refusal(scope, receive, _with_headers(scope, send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that the app does not get; None if it does."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._token is None and _without_port(host) not in LOOPBACK_NAMES:
            return _error(421, f"Host: without a token, only {', '.join(sorted(LOOPBACK_NAMES))}")
        if origin is not None and urlsplit(origin).netloc != host:
            return _error(403, "Origin: pages of other origins are refused")
        if scope["type"] == "http" and scope["method"] in {"POST", "PUT", "PATCH"}:
            length = headers.get("content-length", "")
            if not length.isdigit():
                return _error(411, "Content-Length: needed")
            if int(length) > MAX_REQUEST_BYTES:
                return _error(413, f"more than {MAX_REQUEST_BYTES / 1e6:g} MB")
        if self._token is None:
            return None
        if scope["path"] == LOGIN:
            return Response(LOGIN_PAGE.replace("MESSAGE", ""), media_type="text/html")
        if self._is_authentic(headers):
            return None
        if "text/html" in headers.get("accept", ""):
            return RedirectResponse(LOGIN, 303)
        return _error(401, "Authorization: a bearer token is needed")

    def _is_authentic(self, headers: Headers) -> bool:
        if self._authenticator.identify(headers.get("authorization", "").encode()) is not None:
            return True
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return cookie is not None and hmac.compare_digest(cookie.value, self._session())

    def _session(self) -> str:
        """Return the cookie of a browser that has sent the token: it does not reveal it."""
        return hmac.new((self._token or "").encode(), b"session", hashlib.sha256).hexdigest()

    def _log_in(self, body: Mapping[str, str], scheme: str) -> Response:
        header = f"Bearer {body.get('token', '')}".encode()
        if self._authenticator.identify(header) is None:
            page = LOGIN_PAGE.replace("MESSAGE", "That is not the token.")
            return Response(page, 401, media_type="text/html")
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE, self._session(), httponly=True, samesite="strict", secure=scheme == "https"
        )
        return response


def _with_headers(scope: Scope, send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if not scope["path"].startswith(ASSETS):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return send_with_headers


async def _body(receive: Receive) -> dict[str, str]:
    content, more = b"", True
    while more and len(content) < 10_000:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)
    return dict(parse_qsl(content.decode("latin-1")))


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return (name if separator and port.isdigit() else host).lower()


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)
