"""Deliveries of MLflow's webhooks: signature, age, and whether they have been seen before."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from email.message import Message
from threading import Lock
from typing import Any, Final

from faces.errors import UserError

CHAMPION = "champion"
"""The alias of the version in production, as ZenML sets it."""

EVENT: Final = "model_version_alias.created"
"""MLflow sends it for a new alias and for one that moves."""

MAX_AGE_SECONDS = 300
"""As in the Standard Webhooks specification: older deliveries are rejected, in case of replay."""

ID, TIMESTAMP, SIGNATURE = "X-MLflow-Delivery-Id", "X-MLflow-Timestamp", "X-MLflow-Signature"


class InvalidDeliveryError(Exception):
    """A delivery that this registry did not send, or not now."""


@dataclass
class Deliveries:
    """Verifies deliveries, and remembers their ids for as long as they would be accepted.

    Attributes:
        secret: The secret that MLflow signs with.
        seen: Timestamps of accepted deliveries by id.
    """

    secret: str = field(repr=False)
    seen: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def accept(self, headers: Message, body: bytes, now: float) -> bool:
        """Verify a delivery.

        Args:
            headers: HTTP headers.
            body: The request's body.
            now: The present time in seconds since 1970.

        Returns:
            False if it was accepted before.

        Raises:
            InvalidDeliveryError: If the signature is wrong, or the timestamp is too far from now.
        """
        delivery, timestamp = headers.get(ID) or "", headers.get(TIMESTAMP) or ""
        expected = sign(self.secret, delivery, timestamp, body)
        received = headers.get(SIGNATURE) or ""
        if not delivery or not hmac.compare_digest(expected.encode(), received.encode()):
            raise InvalidDeliveryError("the signature is wrong")
        if not timestamp.isdecimal() or abs(now - int(timestamp)) > MAX_AGE_SECONDS:
            raise InvalidDeliveryError("the timestamp is not within five minutes of now")
        with self._lock:
            self.seen = {i: t for i, t in self.seen.items() if abs(now - t) <= MAX_AGE_SECONDS}
            is_new = delivery not in self.seen
            self.seen[delivery] = int(timestamp)
        return is_new


def sign(secret: str, delivery: str, timestamp: str, body: bytes) -> str:
    """Sign a delivery as MLflow does.

    Args:
        secret: The webhook's secret.
        delivery: The delivery's id.
        timestamp: Seconds since 1970.
        body: The request's body.

    Returns:
        The value of the signature's header.
    """
    signed = f"{delivery}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def is_alias_move(body: bytes, model: str, alias: str) -> bool:
    """Return whether a delivery is about an alias of a registered model.

    Args:
        body: A verified delivery's body.
        model: The model's name.
        alias: The alias.

    Raises:
        InvalidDeliveryError: If the body is not an event.
    """
    try:
        event: dict[str, Any] = json.loads(body)
        data = event["data"]
        kind = f"{event['entity']}.{event['action']}"
        return kind == EVENT and (data.get("name"), data.get("alias")) == (model, alias)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidDeliveryError("the body is not an event") from error


def register(server: str, name: str, url: str, secret: str) -> None:
    """Create the webhook on an MLflow server, or update it.

    Args:
        server: The server's address; webhooks are sent by servers only.
        name: The webhook's name.
        url: Where MLflow sends its events.
        secret: The secret that it signs with.

    Raises:
        UserError: If the server does not accept it.
    """
    from mlflow import MlflowClient
    from mlflow.entities.webhook import WebhookEvent
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
    from mlflow.exceptions import MlflowException

    MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(1)  # type: ignore[no-untyped-call]
    client = MlflowClient(tracking_uri=server, registry_uri=server)
    event = WebhookEvent.from_str(EVENT)
    try:
        existing = [webhook for webhook in client.list_webhooks() if webhook.name == name]
        if existing:
            client.update_webhook(existing[0].webhook_id, url=url, events=[event], secret=secret)
        else:
            client.create_webhook(name, url, [event], secret=secret)
    except MlflowException as error:
        cause = str(error).splitlines()[0]
        raise UserError(
            f"{server} did not accept the webhook: {cause}: check that it is running, and its "
            "MLFLOW_WEBHOOK_… settings: docs/how-to/registry-events.md"
        ) from error
