"""Deliveries of MLflow's webhooks: what is accepted, once, and what is not."""

import json
from email.message import Message

import pytest
from mlflow.webhooks import constants
from mlflow.webhooks.delivery import _generate_hmac_signature

from components.tracking.mlflow_webhook import (
    CHAMPION,
    ID,
    SIGNATURE,
    TIMESTAMP,
    Deliveries,
    InvalidDeliveryError,
    is_alias_move,
    sign,
)
from faces import NAME

NOW = 1_790_000_000
BODY = json.dumps(
    {
        "entity": "model_version_alias",
        "action": "created",
        "data": {"name": NAME, "alias": CHAMPION, "version": "2"},
    }
).encode()


def delivery(
    body: bytes = BODY, secret: str = "s", at: int = NOW, identifier: str = "1"
) -> Message:
    message = Message()
    for name, value in {
        ID: identifier,
        TIMESTAMP: str(at),
        SIGNATURE: sign(secret, identifier, str(at), body),
    }.items():
        message[name] = value
    return message


def test_the_signature_is_mlflows() -> None:
    assert sign("s", "1", "2", BODY) == _generate_hmac_signature("s", "1", "2", BODY.decode())
    assert (ID, TIMESTAMP, SIGNATURE) == (
        constants.WEBHOOK_DELIVERY_ID_HEADER,
        constants.WEBHOOK_TIMESTAMP_HEADER,
        constants.WEBHOOK_SIGNATURE_HEADER,
    )


def test_a_delivery_counts_once() -> None:
    deliveries = Deliveries("s")
    assert deliveries.accept(delivery(), BODY, NOW)
    assert not deliveries.accept(delivery(), BODY, NOW + 200)
    assert deliveries.accept(delivery(identifier="2"), BODY, NOW)


def test_ids_are_forgotten_when_their_deliveries_are_too_old() -> None:
    deliveries = Deliveries("s")
    deliveries.accept(delivery(), BODY, NOW)
    deliveries.accept(delivery(at=NOW + 400, identifier="2"), BODY, NOW + 400)
    assert set(deliveries.seen) == {"2"}
    with pytest.raises(InvalidDeliveryError, match="timestamp"):
        deliveries.accept(delivery(), BODY, NOW + 400)


def changed(header: str, value: str) -> Message:
    message = delivery()
    message.replace_header(header, value)
    return message


@pytest.mark.parametrize(
    "headers",
    [
        delivery(secret="another"),
        delivery(body=b"another body"),
        delivery(at=NOW - 301),
        delivery(at=NOW + 301),
        delivery(identifier=""),
        changed(ID, "2"),
        changed(TIMESTAMP, str(NOW + 1)),
        changed(SIGNATURE, ""),
        changed(SIGNATURE, "é"),
        Message(),
    ],
)
def test_other_deliveries_are_rejected(headers: Message) -> None:
    deliveries = Deliveries("s")
    with pytest.raises(InvalidDeliveryError):
        deliveries.accept(headers, BODY, NOW)
    assert deliveries.seen == {}


def test_only_moves_of_the_alias_count() -> None:
    assert is_alias_move(BODY, NAME, CHAMPION)
    for old, new in ((NAME, "other"), (CHAMPION, "other"), ("created", "deleted")):
        assert not is_alias_move(BODY.replace(old.encode(), new.encode()), NAME, CHAMPION)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"data": null}', b"[" * 10_000])
def test_a_body_that_is_not_an_event_is_rejected(body: bytes) -> None:
    with pytest.raises(InvalidDeliveryError, match="not an event"):
        is_alias_move(body, NAME, CHAMPION)
