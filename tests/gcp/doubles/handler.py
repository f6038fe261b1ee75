"""What the fakes' HTTP servers share."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.gcp.doubles.process import LOOPBACK


class Refused(Exception):
    """A request that is refused, with its HTTP status and a message."""


class OneToken:
    """Access to a cluster where one bearer token may do everything."""

    def __init__(self, token: str) -> None:
        self.token = token

    def caller(self, authorization: str | None) -> str:
        if authorization != f"Bearer {self.token}":
            raise Refused(401, "no valid token")
        return "owner"

    def require_in_cluster(self, caller: str, verb: str, kind: str, name: str | None) -> None:
        """Allow every request."""


class Server(ThreadingHTTPServer):
    """A server on a free port."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: "type[JsonHandler]") -> None:
        super().__init__((LOOPBACK, 0), handler)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    @contextmanager
    def running(self, poll_seconds: float = 0.5) -> Iterator[Self]:
        """Serve during the block."""
        threading.Thread(target=self.serve_forever, args=[poll_seconds], daemon=True).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class JsonHandler(BaseHTTPRequestHandler):
    wbufsize = -1
    disable_nagle_algorithm = True  # else each response waits 40 ms for an acknowledgement

    def _receive(self) -> None:
        self.receive(self.command, self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _receive

    def receive(self, method: str, body: bytes) -> None:
        """Respond to a request."""
        raise NotImplementedError

    def respond(
        self, item: dict[str, Any] | bytes, code: int = 200, kind: str = "application/json"
    ) -> None:
        body = item if isinstance(item, bytes) else json.dumps(item).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
