import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from zenml.alerter import BaseAlerter
from zenml.enums import StackComponentType

from components.alerters import FLAVORS, webhook
from components.alerters.log import LogAlerter, LogConfig
from components.alerters.webhook import WebhookAlerter, WebhookConfig
from tests.conftest import running


class Chat(HTTPServer):
    """A chat's incoming webhook that responds with the next of `codes` to each message."""

    def __init__(self, codes: list[int]) -> None:
        self.codes, self.messages = codes, list[dict[str, Any]]()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(self.server.codes.pop(0))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def chat() -> Iterator[Chat]:
    server = Chat([])
    with running(server):
        yield server


@pytest.fixture(autouse=True)
def _without_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BACKOFF_SECONDS", 0.0)


def make(kind: Any, config: Any) -> Any:
    now = datetime.now(UTC)
    return kind("it", uuid4(), config, kind.__name__, StackComponentType.ALERTER, None, now, now)


def test_a_webhook_receives_the_message_in_the_format_of_chats(chat: Chat) -> None:
    chat.codes = [200]
    assert make(WebhookAlerter, WebhookConfig(url=chat.url)).post("drift!")
    assert chat.messages == [{"text": "drift!", "content": "drift!"}]


def test_a_busy_webhook_is_retried(chat: Chat) -> None:
    chat.codes = [503, 429, 204]
    assert make(WebhookAlerter, WebhookConfig(url=chat.url)).post("drift!")
    assert len(chat.messages) == 3


@pytest.mark.parametrize(
    ("codes", "tries"), [([404], 1), ([400], 1), ([500, 500, 500], 3), ([429, 503, 404], 3)]
)
def test_a_rejected_message_is_not_reported_as_delivered(
    chat: Chat, codes: list[int], tries: int
) -> None:
    chat.codes = codes
    assert not make(WebhookAlerter, WebhookConfig(url=chat.url)).post("drift!")
    assert len(chat.messages) == tries


def test_an_interrupted_connection_is_retried() -> None:
    connections = 0
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def hang_up() -> None:
            nonlocal connections
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections += 1
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        assert not make(WebhookAlerter, WebhookConfig(url=url)).post("drift!")
    assert connections == webhook.MAX_TRIES


def test_an_unreachable_webhook_is_not_reported_as_delivered() -> None:
    assert not make(WebhookAlerter, WebhookConfig(url="http://127.0.0.1:9/hook")).post("drift!")


def test_the_log_has_one_line_per_alert(tmp_path: Path) -> None:
    file = tmp_path / "alerts.log"
    alerter = make(LogAlerter, LogConfig(file=str(file)))
    assert alerter.post("one\nof two lines")
    assert alerter.post("two")
    first, second = file.read_text().splitlines()
    assert first.endswith("  one of two lines")
    assert second.endswith("  two")
    assert not make(LogAlerter, LogConfig(file=str(tmp_path / "no" / "log"))).post("lost")


def test_every_flavor_can_be_loaded_from_its_import_path() -> None:
    from zenml.utils.source_utils import load

    for name, source in FLAVORS.items():
        flavor = load(source)()
        assert flavor.name == name
        assert flavor.type == StackComponentType.ALERTER
        assert issubclass(flavor.implementation_class, BaseAlerter)
