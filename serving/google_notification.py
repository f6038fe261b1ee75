"""Read notifications of Google Cloud Monitoring. Standard library only.

Its webhook channels post `{"version": "1.2", "incident": {…}}`:
https://cloud.google.com/monitoring/support/notification-options#webhooks
"""

import json
from collections.abc import Mapping
from typing import Any

from serving.alert_message import alert_line

MAX_TEXT_LENGTH = 1000
"""Characters of one text of an incident; Discord accepts messages of 2000."""

TEST = "test"
"""The version of what the button "Test connection" sends."""

NO_SEVERITY = ("", "no severity")
STATES = ("open", "closed")


class NotificationError(ValueError):
    """It is not a notification. The message has nothing of what was received."""


def read_notification(body: bytes) -> str:
    """Describe the incident of a notification in one line.

    Args:
        body: The body of the request.

    Returns:
        The line that `make monitoring` would post for the same rule; while the incident is open,
        the address of its page at Google follows.

    Raises:
        NotificationError: If it is not a notification.
    """
    incident = _incident(body)
    state = _text(incident, "state").lower()
    if state not in STATES:
        raise NotificationError("the incident's state is neither open nor closed")
    summary = _summary(incident)
    if not summary:
        raise NotificationError("the incident has no text")
    severity = _text(incident, "severity")
    severity = "alert" if severity.lower() in NO_SEVERITY else severity
    line = alert_line(summary, severity, state == "closed")
    return line if state == "closed" else f"{line} {_text(incident, 'url')}".rstrip()


def _incident(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NotificationError("the body is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("incident"), dict):
        raise NotificationError("the body has no incident")
    version = document.get("version")
    if not isinstance(version, str) or not (version == TEST or version.startswith("1.")):
        raise NotificationError("the version is not 1.x")
    incident: dict[str, Any] = document["incident"]
    return incident


def _summary(incident: Mapping[str, Any]) -> str:
    """Return the policy's documentation, which is the rule's summary, else Google's summary."""
    documentation = incident.get("documentation")
    if not isinstance(documentation, dict):  # the test notification has a string
        documentation = {"content": documentation}
    texts = (
        _text(documentation, "content"),
        _text(incident, "summary"),
        _text(incident, "policy_name"),
    )
    return next(filter(None, texts), "")


def _text(fields: Mapping[str, Any], name: str) -> str:
    """Return a text in one line; "" if it is missing."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotificationError(f"{name} is not a text")
    line = " ".join(value.split())
    return line if len(line) <= MAX_TEXT_LENGTH else f"{line[: MAX_TEXT_LENGTH - 1]}…"
