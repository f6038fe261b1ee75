"""Metrics for a collector that has no token."""

import os
import time
import urllib.error
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from serving.capture.files import file_name
from serving.metrics_port import MetricsServer, capture_lag
from tests.conftest import running
from tests.integration.serving.conftest import server_settings


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer secret"
        self.send_response(200 if known and self.path == "/prometheus" else 401)
        self.end_headers()
        self.wfile.write(b"faces_requests_total 3\n")

    def log_message(self, *_: object) -> None: ...


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        return str(response.read().decode())


def test_metrics_are_read_without_a_token_and_nothing_else_is(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    settings = server_settings(tmp_path, capture_uri="gs://b/c")
    with running(server):
        settings = replace(settings, host="0.0.0.0", port=server.server_port)
        with running(MetricsServer(settings, 0, "secret")) as url:
            expected = (
                "faces_requests_total 3\n"
                "# TYPE faces_capture_lag_seconds gauge\nfaces_capture_lag_seconds 0.0\n"
            )
            assert read(f"{url}/prometheus") == read(f"{url}/metrics") == expected
            with pytest.raises(urllib.error.HTTPError, match="404"):
                read(f"{url}/api/v1.0/predictions")
        with (
            running(MetricsServer(settings, 0, "wrong")) as url,
            pytest.raises(urllib.error.HTTPError, match="503"),
        ):
            read(f"{url}/metrics")


def test_the_lag_is_the_age_of_the_oldest_file(tmp_path: Path) -> None:
    remote = server_settings(tmp_path, capture_uri="gs://b/c")
    assert capture_lag(remote) == 0.0
    remote.capture_folder.mkdir(parents=True)
    (remote.capture_folder / file_name(os.getpid(), 1)).touch()
    old = file_name(os.getpid(), 2)
    year = time.strftime("%Y", time.gmtime(time.time() - 366 * 86_400))
    (remote.capture_folder / (year + old[4:])).touch()
    assert capture_lag(remote) > 364 * 86_400
    assert capture_lag(server_settings(tmp_path, capture_uri="")) == 0.0
