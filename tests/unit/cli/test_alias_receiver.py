"""The receiver's answers, and what it counts as a move of the alias."""

import json
import time
from collections.abc import Iterator

import pytest
import requests

from cli.alias_receiver import MAX_BODY_BYTES, Receiver
from components.tracking.mlflow_webhook import CHAMPION, ID, SIGNATURE, TIMESTAMP, Deliveries, sign
from faces import NAME
from tests.conftest import running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(("127.0.0.1", 0), Deliveries("s")) as server, running(server):
        yield server


def deliver(receiver: Receiver, alias: str, identifier: str = "1", secret: str = "s") -> int:
    data = {"name": NAME, "alias": alias, "version": "2"}
    event = {"entity": "model_version_alias", "action": "created", "data": data}
    body, now = json.dumps(event).encode(), str(int(time.time()))
    headers = {ID: identifier, TIMESTAMP: now, SIGNATURE: sign(secret, identifier, now, body)}
    url = f"http://127.0.0.1:{receiver.server_port}"
    return requests.post(url, data=body, headers=headers, timeout=5).status_code


def test_a_move_of_the_alias_counts_once(receiver: Receiver) -> None:
    assert deliver(receiver, CHAMPION) == 202
    assert receiver.moved.is_set()
    receiver.moved.clear()
    assert deliver(receiver, CHAMPION) == 200
    assert not receiver.moved.is_set()


def test_other_events_and_forged_ones_do_nothing(receiver: Receiver) -> None:
    assert deliver(receiver, "another") == 202
    assert deliver(receiver, CHAMPION, "2", secret="another") == 401
    assert not receiver.moved.is_set()


def test_large_bodies_and_other_methods_are_refused(receiver: Receiver) -> None:
    url = f"http://127.0.0.1:{receiver.server_port}"
    too_large = {"Content-Length": str(MAX_BODY_BYTES + 1)}
    assert requests.post(url, headers=too_large, timeout=5).status_code == 413
    assert requests.get(url, timeout=5).status_code == 501
    assert not receiver.moved.is_set()
