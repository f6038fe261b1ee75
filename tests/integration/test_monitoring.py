"""The alert rules, and a real Prometheus and Alertmanager that notice an outage."""

import shutil
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import yaml

from cli.monitoring_services import HOST, RULES, Ports, find_programs, message_of, monitoring
from faces.errors import UserError

needs_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None or shutil.which("prometheus-alertmanager") is None,
    reason="apt-get install prometheus prometheus-alertmanager",
)


class Endpoint(ThreadingHTTPServer):
    """Answers with metrics, to those who send the token."""

    scraped = 0


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer secret" and self.path == "/x/prometheus"
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(b'faces_requests_total{code="200"} 1\n')
        self.server.scraped += known

    def log_message(self, *_: object) -> None: ...


def free_ports() -> Ports:
    with socket.socket() as one, socket.socket() as two:
        one.bind((HOST, 0))
        two.bind((HOST, 0))
        return Ports(one.getsockname()[1], two.getsockname()[1])


def wait_for(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@needs_prometheus
def test_the_rules_fire_when_they_should() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", RULES.with_name("rules_test.yaml")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    names = {r["alert"] for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"]}
    tests = yaml.safe_load(RULES.with_name("rules_test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == names


@needs_prometheus
def test_prometheus_notices_an_outage_and_alertmanager_notifies(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.read_text().replace("for: 60s", "for: 1s"))
    endpoint = Endpoint((HOST, 0), Handler)
    threading.Thread(target=endpoint.serve_forever, args=[0.1], daemon=True).start()
    messages: list[str] = []
    url = f"http://{HOST}:{endpoint.server_port}/x"
    headers = {"Authorization": "Bearer secret"}
    ports = free_ports()
    with monitoring(url, headers, messages.append, tmp_path, ports, rules, interval_seconds=1):
        wait_for(lambda: endpoint.scraped > 1)
        assert not messages
        endpoint.shutdown()
        endpoint.server_close()
        wait_for(lambda: messages)
        with (
            pytest.raises(UserError, match=f"port {ports.prometheus} is in use"),
            monitoring(url, headers, messages.append, tmp_path, ports),
        ):
            pass
    assert messages[0] == "Critical: The endpoint does not answer: python run.py endpoint"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{HOST}:{ports.prometheus}", timeout=1)


def test_an_end_of_an_outage_is_one_line() -> None:
    alert = {
        "status": "resolved",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "The endpoint does not answer: python run.py endpoint"},
    }
    assert message_of(alert) == "Resolved: The endpoint does not answer"


def test_missing_programs_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="prometheus and alertmanager not found: apt-get install"):
        find_programs()
