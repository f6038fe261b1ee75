"""Metrics without a token, on a separate port that only the platform's collector reaches.

The collector of a cloud cannot send the endpoint's bearer token. This port answers with the metrics
only; the cluster's ingress and Cloud Run's front end do not lead to it.
"""

import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from serving.capture.files import capture_files, started_at
from serving.settings import ServerSettings

PATHS = ("/metrics", "/prometheus")
"""The usual path, and the one that Seldon's operator announces."""

TIMEOUT_SECONDS = 5.0
LAG = "faces_capture_lag_seconds"


class MetricsServer(ThreadingHTTPServer):
    """Answers with the metrics of the server on the same machine.

    Args:
        settings: The server's settings.
        port: The port to listen on, on all addresses; 0 for any free one.
        token: The server's bearer token, None without one.
    """

    daemon_threads = True

    def __init__(self, settings: ServerSettings, port: int, token: str | None) -> None:
        super().__init__(("", port), _Handler)
        self.settings, self.token = settings, token

    def start(self) -> None:
        """Answer in a thread until the process ends."""
        Thread(target=self.serve_forever, daemon=True).start()

    def collect(self) -> bytes:
        """Return the server's metrics, and how long captured requests wait for their upload.

        Raises:
            OSError: If the server does not answer.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(f"{self.settings.url}/prometheus", headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            text: bytes = response.read()
        lag = capture_lag(self.settings)
        return text + f"# TYPE {LAG} gauge\n{LAG} {lag:.1f}\n".encode()


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer

    def do_GET(self) -> None:
        if self.path not in PATHS:
            self.send_error(404)
            return
        try:
            body = self.server.collect()
        except OSError:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: a collector asks twice a minute."""


def capture_lag(settings: ServerSettings) -> float:
    """Return the age of the oldest capture file that is not uploaded yet.

    Args:
        settings: The server's settings.

    Returns:
        Seconds; 0 if there is none, or files stay in their folder.
    """
    if not settings.remote:
        return 0.0
    times = [started_at(file.name) for file in capture_files(settings.capture_folder)]
    return max(0.0, time.time() - min(times)) if times else 0.0
