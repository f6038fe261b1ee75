"""Gunicorn gevent worker with strict HTTP, time limits and a limit of connections.

A worker serves many connections, and none can block another. A client that takes too long to send
a request, to read the response or to send the next request is disconnected. Checking all
connections once a second costs less than a timer for each request. When there are too many
connections, the one that has been waiting longest is ended, so that new clients are answered.
"""

import socket
import time
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, ClassVar

import gevent
from gunicorn.workers.ggevent import GeventPyWSGIWorker, PyWSGIHandler

from serving.connection import ConnectionReader
from serving.errors import malformed_response
from serving.http_body import RequestBody
from serving.http_head import (
    EMPTY_LINE,
    MAX_LINE_BYTES,
    MalformedRequestError,
    RequestHead,
    read_head,
)

CHECK_SECONDS = 1.0
HEAD_TIMEOUT_SECONDS = 10.0
"""How long a client may take from the request line to the end of the header fields."""

MAX_CONNECTIONS = 1000
"""Connections per worker. Above that, those that have been waiting longest are ended."""

DISCARD_BYTES = 1_000_000
"""How much of a body that was not read is discarded before the connection is closed."""

DISCARD_SECONDS = 2.0


class Handler(PyWSGIHandler):  # type: ignore[misc]
    """The connection of one client."""

    active: ClassVar[dict["Handler", None]] = {}
    """The connections, in the order in which they began to wait for their client."""
    idle_timeout: ClassVar[float] = 60.0
    """How long to wait for a request, and then for its body and the client's reading."""
    deadline = 0.0
    """When the connection is ended, on the monotonic clock."""
    response_head: bytes
    head: RequestHead
    head_bytes = b""
    """The head as it was received, if it arrived in one piece."""
    head_environ: dict[str, Any]
    """What the WSGI environment contains of the head."""
    body: RequestBody

    def __init__(self, sock: Any, address: Any, server: Any) -> None:
        super().__init__(sock, address, server, ConnectionReader(sock.recv_into))

    def handle(self) -> None:
        """Answer requests until the connection ends."""
        try:
            with suppress(OSError):  # the client has gone
                super().handle()
        finally:
            self.active.pop(self, None)

    def handle_one_request(self) -> Any:
        """Wait for a request and answer it. See PyWSGIHandler.

        Most clients repeat the head of their last request byte by byte: it is parsed once.

        Returns:
            True if the connection goes on, else None or the status and the response.
        """
        self._wait(self.idle_timeout)
        _end_oldest_connections()
        head = self.rfile.peek_head()
        if not head or head != self.head_bytes:
            self.head_bytes = b""
            outcome = super().handle_one_request()
            self.head_bytes = head
            return outcome
        self.rfile.skip(len(head))
        self._wait(self.idle_timeout)
        self.environ = self.get_environ()
        self.handle_one_response()
        return None if self.close_connection else True

    def read_requestline(self) -> str:
        """Read the first line, after an empty one at most. See PyWSGIHandler."""
        line: bytes = self.rfile.readline(MAX_LINE_BYTES)
        if line == EMPTY_LINE:
            line = self.rfile.readline(MAX_LINE_BYTES)
        self._wait(min(HEAD_TIMEOUT_SECONDS, self.idle_timeout))
        return line.decode("latin-1")

    def read_request(self, raw_requestline: str) -> bool:
        """Read and check the header fields. See PyWSGIHandler.

        Args:
            raw_requestline: The first line.

        Returns:
            True.

        Raises:
            MalformedRequestError: If the request is malformed.
        """
        self.head = read_head(raw_requestline.encode("latin-1"), self.rfile)
        self.command, self.path = self.head.method, self.head.target
        self.request_version = self.head.version
        self.close_connection = not self.head.keep_alive
        self.head_environ = {
            **self.server.get_environ(),
            **self.head.to_environ(),
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.input_terminated": True,
        }
        self._wait(self.idle_timeout)
        return True

    def get_environ(self) -> dict[str, Any]:
        """Return the WSGI environment of the request. See PyWSGIHandler."""
        head = self.head
        expects = head.fields.get("expect", "").lower() == "100-continue"
        proceed = self._proceed if expects and head.version == "HTTP/1.1" else None
        self.body = RequestBody(self.rfile, head.content_length, head.chunked, proceed)
        return {**self.head_environ, "wsgi.input": self.body}

    def handle_one_response(self) -> None:
        """Answer the request. See PyWSGIHandler."""
        self.headers_sent = False
        try:
            self.run_application()
            self._discard_body()
        except MalformedRequestError as error:
            self.close_connection = True
            if not self.headers_sent:
                with suppress(OSError):
                    self.socket.sendall(malformed_response(error))
        except OSError:
            self.close_connection = True

    def run_application(self) -> None:
        """Call the application, and send the whole response with one call. See PyWSGIHandler."""
        parts = self.application(self.environ, self.start_response)
        self.headers_sent = True
        response = b"".join((self.response_head, *parts))
        sent = self.socket.send(response)
        if sent < len(response):
            self.socket.sendall(response[sent:])
        if len(self.active) == 1:
            self.application.prepare()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> None:
        """Prepare the head of the response. See PyWSGIHandler.

        Args:
            status: Status code and phrase.
            headers: The application's headers, which have no line breaks.
            exc_info: Not used.
        """
        self.close_connection |= ("Connection", "close") in headers
        if self.request_version == "HTTP/1.0" and not self.close_connection:
            headers = [*headers, ("Connection", "keep-alive")]
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
        self.response_head = f"HTTP/1.1 {status}\r\nDate: {_date()}\r\n{fields}\r\n".encode()

    def disconnect(self) -> None:
        """End the connection, even while it is waiting."""
        self.active.pop(self, None)
        with suppress(OSError, AttributeError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def log_request(self) -> None:
        """Do nothing: requests are captured, not logged."""

    def _wait(self, seconds: float) -> None:
        """Begin to wait for the client."""
        self.deadline = time.monotonic() + seconds
        self.active.pop(self, None)
        self.active[self] = None

    def _proceed(self) -> None:
        self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _discard_body(self) -> None:
        """Discard what was not read of the body; no more than `DISCARD_BYTES` and -`SECONDS`."""
        if self.body.finished:
            return
        self.deadline = min(self.deadline, time.monotonic() + DISCARD_SECONDS)
        if self.close_connection:
            self.socket.shutdown(socket.SHUT_WR)
        self.body.read(DISCARD_BYTES)
        self.close_connection |= not self.body.finished

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        """Return the response to a request that could not be parsed. See PyWSGIHandler."""
        error = ex if isinstance(ex, MalformedRequestError) else MalformedRequestError("incomplete")
        self.server.application.metrics.count_request("malformed", HTTPStatus.BAD_REQUEST.value, 0)
        return "400", malformed_response(error)


class Worker(GeventPyWSGIWorker):  # type: ignore[misc]
    """The gevent worker with that handler; gunicorn's `keepalive` is the clients' timeout."""

    wsgi_handler = Handler

    def run(self) -> None:
        """Serve until the worker is stopped."""
        Handler.idle_timeout = self.cfg.keepalive
        gevent.spawn(self._disconnect_slow_clients)
        super().run()

    def _disconnect_slow_clients(self) -> None:
        while True:
            gevent.sleep(CHECK_SECONDS)
            now = time.monotonic()
            for handler in [h for h in Handler.active if h.deadline < now]:
                handler.disconnect()


def has_others() -> bool:
    """Return whether there are other connections than that of the present request."""
    return len(Handler.active) > 1


def let_others_proceed() -> None:
    """Let requests of other connections proceed, if there are any."""
    if has_others():
        gevent.sleep(0)


def _date() -> str:
    return _format_date(int(time.time()))


@lru_cache(maxsize=1)
def _format_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _end_oldest_connections() -> None:
    while len(Handler.active) > MAX_CONNECTIONS:
        next(iter(Handler.active)).disconnect()
