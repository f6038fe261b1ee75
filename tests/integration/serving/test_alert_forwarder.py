"""The real process between Google's alert policies and a chat's webhook."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
import requests
from zenml.enums import StackComponentType

from components.alerters.webhook import WebhookAlerter, WebhookConfig
from components.deployers.seldon_local.environment import ROOT, ensure_environment
from serving.alert_forwarder import MAX_BODY_BYTES, PASSWORD, PORT, USER, WEBHOOK
from tests.gcp.doubles.chat import Chat, incoming_webhook
from tests.gcp.doubles.process import LOOPBACK, free_port, serving
from tests.unit.serving.test_google_notification import PAGE, TEST_CONNECTION, notification

SECRET = "p4ssw0rd:with ünusual characters"
LINE = f"Critical: The endpoint does not answer: python run.py endpoint {PAGE}"


def login(user: str, password: str) -> dict[str, str]:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}


class Process(NamedTuple):
    """A running forwarder."""

    port: int
    log: Path

    def send(
        self, body: bytes | Iterator[bytes], user: str = USER, password: str = SECRET
    ) -> requests.Response:
        """Send a request as Google does."""
        url = f"http://{LOOPBACK}:{self.port}"
        return requests.post(url, data=body, headers=login(user, password), timeout=20)


@contextmanager
def running_forwarder(webhook: str, log: Path) -> Iterator[Process]:
    process = Process(free_port(), log)
    variables = {WEBHOOK: f"{webhook}\n", PASSWORD: SECRET, PORT: str(process.port)}
    command = [str(ensure_environment()), "-m", "serving.alert_forwarder"]

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, process.port)) == 0

    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    with serving(command, environment, log, listens):
        yield process
    assert "Traceback" not in log.read_text()
    for secret in (SECRET, webhook, "/hook"):
        assert secret not in log.read_text()


@pytest.fixture(scope="module")
def always_chat() -> Iterator[Chat]:
    with incoming_webhook() as chat:
        yield chat


@pytest.fixture
def chat(always_chat: Chat) -> Chat:
    always_chat.codes.clear()
    always_chat.bodies.clear()
    return always_chat


@pytest.fixture(scope="module")
def forwarder(always_chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("forwarder")
    with running_forwarder(always_chat.url, folder / "log") as process:
        yield process


def test_a_notification_reaches_the_webhook_as_the_alerter_posts_it(
    forwarder: Process, chat: Chat
) -> None:
    assert forwarder.send(notification()).status_code == 200
    assert forwarder.send(notification(state="closed")).status_code == 200
    assert forwarder.send(json.dumps(TEST_CONNECTION).encode()).status_code == 200
    assert chat.messages[:2] == [LINE, "Resolved: The endpoint does not answer"]
    assert chat.messages[2] == "Alert: Test documentation http://www.example.com"
    now = datetime.now(UTC)
    alerter = WebhookAlerter(
        "it", uuid4(), WebhookConfig(url=chat.url), "webhook", StackComponentType.ALERTER, None,
        now, now,
    )  # fmt: skip
    assert alerter.post(LINE)
    assert chat.bodies[3] == chat.bodies[0]


def test_a_body_in_chunks_is_understood(forwarder: Process, chat: Chat) -> None:
    body = notification()
    assert forwarder.send(iter([body[:100], body[100:]])).status_code == 200
    assert chat.messages == [LINE]


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "another"), (USER, ""), ("root", SECRET), ("", "")]
)
def test_another_login_is_refused(forwarder: Process, chat: Chat, user: str, password: str) -> None:
    assert forwarder.send(notification(), user, password).status_code == 401
    assert not chat.messages


def test_a_request_without_a_login_is_asked_for_one(forwarder: Process, chat: Chat) -> None:
    url = f"http://{LOOPBACK}:{forwarder.port}"
    response = requests.post(url, data=notification(), timeout=20)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="alerts"'
    bearer = {k: v.replace("Basic", "Bearer") for k, v in login(USER, SECRET).items()}
    assert requests.post(url, data=notification(), headers=bearer, timeout=20).status_code == 401
    assert not chat.messages


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not JSON", 400),
        (b"", 400),
        (b'{"alerts": []}', 400),
        (notification(state="waiting"), 400),
        (notification(documentation="x" * MAX_BODY_BYTES), 413),
    ],
)
def test_what_is_no_notification_is_refused(
    forwarder: Process, chat: Chat, body: bytes, status: int
) -> None:
    body = body[: MAX_BODY_BYTES + 1]
    assert forwarder.send(body).status_code == status
    assert not chat.messages
    assert forwarder.send(notification()).status_code == 200


def test_another_method_and_malformed_http_are_refused(forwarder: Process, chat: Chat) -> None:
    url = f"http://{LOOPBACK}:{forwarder.port}"
    assert requests.get(url, headers=login(USER, SECRET), timeout=20).status_code == 405
    with socket.create_connection((LOOPBACK, forwarder.port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert not chat.messages


@pytest.mark.parametrize(
    ("codes", "left", "status"),
    [
        ([503], [], 200),
        ([429, 500], [], 200),
        ([500, 500, 500], [], 502),
        ([404, 500], [500], 502),
        ([302, 500], [500], 502),
    ],
)
def test_a_webhook_that_fails_is_retried_and_google_is_told(
    forwarder: Process, chat: Chat, codes: list[int], left: list[int], status: int
) -> None:
    chat.codes = list(codes)
    before = forwarder.log.read_text()
    assert forwarder.send(notification()).status_code == status
    assert chat.codes == left
    assert chat.messages == ([LINE] if status == 200 else [])
    logged = forwarder.log.read_text().removeprefix(before).splitlines()
    tried = codes[: len(codes) - len(left)]
    assert logged == [f"the webhook did not accept an alert: HTTP {code}" for code in tried]


def test_a_webhook_that_is_gone_is_reported(tmp_path: Path) -> None:
    webhook = f"http://{LOOPBACK}:{free_port()}/hook"
    with running_forwarder(webhook, tmp_path / "log") as process:
        assert process.send(notification()).status_code == 502
        expected = "the webhook did not accept an alert: ConnectionRefusedError\n"
        assert process.log.read_text() == 3 * expected


def test_a_notification_is_forwarded_although_the_process_is_asked_to_end(
    chat: Chat, tmp_path: Path
) -> None:
    chat.codes = [500, 500]
    with ThreadPoolExecutor() as threads:
        with running_forwarder(chat.url, tmp_path / "log") as process:
            answer = threads.submit(process.send, notification())
            while chat.codes:
                time.sleep(0.01)
        assert answer.result().status_code == 200
    assert chat.messages == [LINE]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({WEBHOOK: ""}, f"{WEBHOOK} is not a URL"),
        ({WEBHOOK: "chat.example.org/secret"}, f"{WEBHOOK} is not a URL"),
        ({WEBHOOK: "https://chat.example.org/a secret"}, f"{WEBHOOK} is not a URL"),
        ({PASSWORD: "\n"}, f"{PASSWORD} is empty"),
    ],
)
def test_it_does_not_start_without_its_secrets(changes: dict[str, str], message: str) -> None:
    variables = {WEBHOOK: "https://chat.example.org/secret", PASSWORD: "secret", PORT: "0"}
    done = subprocess.run(
        [sys.executable, "-m", "serving.alert_forwarder"],
        cwd=ROOT, env={**os.environ, **variables, **changes}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"the forwarder cannot start: {message}\n"
