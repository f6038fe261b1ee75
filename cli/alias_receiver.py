"""An HTTP server for MLflow's webhooks: it notices that the alias 'champion' has moved."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event

from components.tracking.mlflow_webhook import (
    CHAMPION,
    Deliveries,
    InvalidDeliveryError,
    is_alias_move,
)
from faces import NAME

MAX_BODY_BYTES = 65_536
READ_TIMEOUT_SECONDS = 10


class Receiver(ThreadingHTTPServer):
    """Verifies deliveries.

    Attributes:
        deliveries: What has been accepted.
        moved: Set when the alias has moved. Several moves before the next look count as one.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], deliveries: Deliveries) -> None:
        super().__init__(address, _Handler)
        self.deliveries = deliveries
        self.moved = Event()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    timeout = READ_TIMEOUT_SECONDS

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._respond(413)
            return
        body = self.rfile.read(int(length))
        try:
            is_new = self.server.deliveries.accept(self.headers, body, time.time())
            if is_new and is_alias_move(body, NAME, CHAMPION):
                self.server.moved.set()
        except InvalidDeliveryError:
            self._respond(401)
            return
        self._respond(202 if is_new else 200)

    def _respond(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: what a delivery leads to is reported."""
