"""Run Prometheus and Alertmanager on this machine, with the rules of monitoring/rules.yaml."""

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import yaml

from faces import NAME
from faces.errors import UserError
from serving.alert_message import alert_line

RULES = Path(__file__).parent.parent / "monitoring" / "rules.yaml"
HOST = "127.0.0.1"
STOP_SECONDS = 10.0
PROGRAMS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
}
"""Names of the programs, Debian's first."""


@dataclass(frozen=True)
class Ports:
    """Where Prometheus and Alertmanager listen, on loopback."""

    prometheus: int = 9090
    alertmanager: int = 9093


def find_programs() -> dict[str, str]:
    """Find Prometheus and Alertmanager.

    Returns:
        Their paths by name.

    Raises:
        UserError: If one of them is not installed.
    """
    paths = {name: next(filter(None, map(shutil.which, n)), None) for name, n in PROGRAMS.items()}
    if missing := [name for name, path in paths.items() if path is None]:
        raise UserError(
            f"{' and '.join(missing)} not found: apt-get install prometheus prometheus-alertmanager"
        )
    return {name: str(path) for name, path in paths.items()}


@contextmanager
def monitoring(
    url: str,
    headers: Mapping[str, str],
    post: Callable[[str], object],
    folder: Path,
    ports: Ports,
    rules: Path = RULES,
    interval_seconds: int = 15,
) -> Iterator[None]:
    """Watch an endpoint within the block.

    Args:
        url: The endpoint's address.
        headers: HTTP headers that clients must send; the bearer token is written to `folder`.
        post: Sends a message of an alert.
        folder: An existing folder for configuration, data and logs.
        ports: Where to listen.
        rules: The alert rules.
        interval_seconds: Seconds between two looks at the endpoint and at the rules.

    Yields:
        Nothing; both programs have been started.

    Raises:
        UserError: If a program is not installed, or a port is in use.
    """
    programs = find_programs()
    for port in (ports.prometheus, ports.alertmanager):
        _require_free(port)
    with ExitStack() as stack:
        receiver = Receiver(post)
        Thread(target=receiver.serve_forever, args=[0.1], daemon=True).start()
        stack.callback(receiver.server_close)
        stack.callback(receiver.shutdown)
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(headers.get("Authorization", "").removeprefix("Bearer "))
        scrape = _prometheus_config(url, token, rules, ports, interval_seconds)
        _write(folder / "prometheus.yml", scrape)
        _write(folder / "alertmanager.yml", _alertmanager_config(receiver.server_port))
        arguments = {
            "alertmanager": (
                f"--config.file={folder}/alertmanager.yml",
                f"--web.listen-address={HOST}:{ports.alertmanager}",
                "--cluster.listen-address=",
                f"--storage.path={folder}/alertmanager",
            ),
            "prometheus": (
                f"--config.file={folder}/prometheus.yml",
                f"--web.listen-address={HOST}:{ports.prometheus}",
                f"--storage.tsdb.path={folder}/prometheus",
            ),
        }
        for name, options in arguments.items():
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen([programs[name], *options], stdout=log, stderr=log)
            stack.callback(_stop, process)
        yield


class Receiver(ThreadingHTTPServer):
    """Receives Alertmanager's notifications and posts one message for each alert.

    Args:
        post: Sends a message.
    """

    daemon_threads = True

    def __init__(self, post: Callable[[str], object]) -> None:
        super().__init__((HOST, 0), _Handler)
        self.post = post


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in body["alerts"]:
            self.server.post(message_of(alert))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: the message is posted."""


def message_of(alert: Mapping[str, Any]) -> str:
    """Return one line about an alert.

    Args:
        alert: An alert in Alertmanager's notification.
    """
    summary, severity = alert["annotations"]["summary"], alert["labels"]["severity"]
    return alert_line(summary, severity, alert["status"] == "resolved")


def _prometheus_config(
    url: str, token: Path, rules: Path, ports: Ports, seconds: int
) -> dict[str, Any]:
    parts = urlsplit(url)
    job: dict[str, Any] = {
        "job_name": NAME,
        "scheme": parts.scheme,
        "metrics_path": f"{parts.path}/prometheus",
        "static_configs": [{"targets": [parts.netloc]}],
    }
    if token.read_text():
        job["authorization"] = {"credentials_file": str(token)}
    managers = [{"static_configs": [{"targets": [f"{HOST}:{ports.alertmanager}"]}]}]
    return {
        "global": {
            "scrape_interval": f"{seconds}s",
            "scrape_timeout": f"{min(seconds, 10)}s",
            "evaluation_interval": f"{seconds}s",
        },
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": managers},
        "scrape_configs": [job],
    }


def _alertmanager_config(port: int) -> dict[str, Any]:
    webhook = {"url": f"http://{HOST}:{port}", "send_resolved": True}
    return {
        "route": {"receiver": "alerter", "group_wait": "0s", "group_interval": "5s"},
        "receivers": [{"name": "alerter", "webhook_configs": [webhook]}],
    }


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(dict(content)))


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UserError(f"port {port} is in use: choose another one, see --help") from None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
