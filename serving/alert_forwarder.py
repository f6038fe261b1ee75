"""Forward notifications of Google Cloud Monitoring to the webhook of the stack's alerter.

    python -m serving.alert_forwarder

The environment has FACES_ALERT_WEBHOOK, the webhook's URL, FACES_ALERT_PASSWORD, which Google sends
with the user name `google`, and PORT. Neither the URL nor the password is logged. Standard library
only.
"""

import base64
import hmac
import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import BinaryIO, NoReturn, cast
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from serving.alert_message import webhook_body
from serving.google_notification import NotificationError, read_notification
from serving.http_body import RequestBody
from serving.http_head import MAX_LINE_BYTES, MalformedRequestError, read_head

WEBHOOK, PASSWORD, PORT = "FACES_ALERT_WEBHOOK", "FACES_ALERT_PASSWORD", "PORT"
DEFAULT_PORT = "8080"
URL = re.compile(r"https?://[\x21-\x7e]+")
USER = "google"
SCHEME = "basic "
MAX_BODY_BYTES = 65_536
"""A notification has a few kilobytes."""

READ_SECONDS = 10.0
POST_SECONDS = 5.0
"""Seconds that one try to post may take."""

PAUSES_SECONDS = (0.0, 0.0, 2.0)
"""Seconds before each try, as the stack's alerter waits."""

CHALLENGE = 'WWW-Authenticate: Basic realm="alerts"\r\n'
"""Google requires this in the answer to a request without a login."""


class Forwarder(ThreadingTCPServer):
    """Answers Google's requests, each in a thread.

    Args:
        port: The port to listen on, on all addresses; 0 for any free one.
        webhook: The webhook's URL.
        password: The password that Google sends.
    """

    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, port: int, webhook: str, password: str) -> None:
        super().__init__(("", port), _Handler)
        self._webhook = webhook
        self._credentials = base64.b64encode(f"{USER}:{password}".encode())

    def answer(self, method: str, authorization: str, body: bytes) -> HTTPStatus:
        """Forward a notification.

        Args:
            method: The request's method.
            authorization: The value of the header; "" without one.
            body: The body, or its first `MAX_BODY_BYTES` + 1 bytes.

        Returns:
            The status of the answer; 502 if the webhook does not accept the message.
        """
        if not self._is_google(authorization):
            return HTTPStatus.UNAUTHORIZED
        if method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if len(body) > MAX_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            line = read_notification(body)
        except NotificationError as error:
            print(f"refused a notification: {error}", flush=True)
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.OK if post(self._webhook, line) else HTTPStatus.BAD_GATEWAY

    def _is_google(self, authorization: str) -> bool:
        scheme, credentials = authorization[: len(SCHEME)], authorization[len(SCHEME) :].strip(" ")
        matches = hmac.compare_digest(credentials.encode(), self._credentials)
        return matches and scheme.lower() == SCHEME


class _Handler(StreamRequestHandler):
    server: Forwarder
    timeout = READ_SECONDS

    def handle(self) -> None:
        try:
            self._send(self._status())
        except OSError:
            """The client is too slow, or gone."""

    def _status(self) -> HTTPStatus:
        try:
            stream = cast(BinaryIO, self.rfile)
            head = read_head(stream.readline(MAX_LINE_BYTES), stream)
            content = RequestBody(stream, head.content_length, head.chunked, None)
            body = content.read(MAX_BODY_BYTES + 1)
        except MalformedRequestError:
            return HTTPStatus.BAD_REQUEST
        return self.server.answer(head.method, head.fields.get("authorization", ""), body)

    def _send(self, status: HTTPStatus) -> None:
        challenge = CHALLENGE if status == HTTPStatus.UNAUTHORIZED else ""
        self.wfile.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n{challenge}"
            "Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )


class _NoRedirects(HTTPRedirectHandler):
    """A redirected POST would become a GET, and the message would be lost."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


def post(url: str, message: str) -> bool:
    """Post a message to a webhook, in up to three tries.

    Args:
        url: The webhook's URL.
        message: The message.

    Returns:
        Whether the webhook accepted it.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "face-recognizer"}
    request = Request(url, json.dumps(webhook_body(message)).encode(), headers)
    for pause in PAUSES_SECONDS:
        time.sleep(pause)
        problem, passes = _try(request)
        if not problem:
            return True
        print(f"the webhook did not accept an alert: {problem}", flush=True)
        if not passes:
            break
    return False


def _try(request: Request) -> tuple[str, bool]:
    """Send a request; return the problem, "" without one, and whether it may pass."""
    try:
        with _OPENER.open(request, timeout=POST_SECONDS):
            return "", True
    except HTTPError as error:
        error.close()
        return f"HTTP {error.code}", error.code == HTTPStatus.TOO_MANY_REQUESTS or error.code >= 500
    except URLError as error:
        return type(error.reason).__name__, True
    except (OSError, HTTPException, ValueError) as error:
        return type(error).__name__, True


def make_server(environment: Mapping[str, str]) -> Forwarder:
    """Make the server that the environment describes.

    Args:
        environment: Environment variables.

    Returns:
        The server; it listens.

    Raises:
        ValueError: If a variable is missing or malformed; the message has no values.
        OSError: If the port is in use.
    """
    url, password = environment.get(WEBHOOK, "").strip(), environment.get(PASSWORD, "").strip()
    if not URL.fullmatch(url):
        raise ValueError(f"{WEBHOOK} is not a URL")
    if not password:
        raise ValueError(f"{PASSWORD} is empty")
    return Forwarder(int(environment.get(PORT, DEFAULT_PORT)), url, password)


def main() -> int:
    """Forward notifications until the process is stopped.

    Returns:
        The exit code: 1 if it cannot start.
    """
    try:
        server = make_server(os.environ)
    except (OSError, ValueError) as error:
        print(f"the forwarder cannot start: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _stop)
    with server:
        server.serve_forever()
    return 0


def _stop(*_: object) -> NoReturn:
    """Leave `serve_forever`; requests that have begun are answered before the process ends."""
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
