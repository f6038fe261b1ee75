"""What Google sends becomes the line that `make monitoring` posts for the same rule."""

import json
from typing import Any

import pytest
import yaml

from cli.monitoring_services import RULES, message_of
from serving.google_notification import MAX_TEXT_LENGTH, NotificationError, read_notification

PAGE = "https://console.cloud.google.com/monitoring/alerting/incidents/0.lx?project=my-project"
INCIDENT: dict[str, Any] = {
    "incident_id": "0.lx",
    "scoping_project_id": "my-project",
    "scoping_project_number": 12345,
    "url": PAGE,
    "severity": "Critical",
    "started_at": 1577840461,
    "ended_at": None,
    "state": "open",
    "resource_id": "",
    "resource_name": "my-project Prometheus Target labels {project_id=my-project}",
    "resource_display_name": "",
    "resource_type_display_name": "Prometheus Target",
    "resource": {"type": "prometheus_target", "labels": {"project_id": "my-project"}},
    "metric": {"type": "prometheus.googleapis.com/up/gauge", "displayName": "up", "labels": {}},
    "metadata": {"system_labels": {}, "user_labels": {}},
    "policy_name": "EndpointDoesNotAnswer",
    "policy_user_labels": {"team": "faces"},
    "condition_name": "EndpointDoesNotAnswer",
    "threshold_value": "",
    "observed_value": "0.000",
    "condition": {"name": "projects/my-project/alertPolicies/1/conditions/2"},
    "documentation": {
        "content": "The endpoint does not answer: python run.py endpoint",
        "mime_type": "text/markdown",
        "subject": "[ALERT - Critical] EndpointDoesNotAnswer",
        "links": [{"displayName": "Playbook", "url": "https://example.org/playbook"}],
    },
    "summary": "The condition is met for my-project.",
}
"""An incident with the documented fields."""

TEST_CONNECTION: dict[str, Any] = {
    "version": "test",
    "incident": {
        "incident_id": "12345",
        "url": "http://www.example.com",
        "started_at": 0,
        "ended_at": 0,
        "state": "OPEN",
        "summary": "Test Incident",
        "policy_name": "projects/12345/alertPolicies/12345",
        "documentation": "Test documentation",
    },
}
"""What Google's console sends to try a channel, without fields that do not matter here."""


def notification(**changes: Any) -> bytes:
    """Return a notification; None leaves a field out."""
    incident = {k: v for k, v in (INCIDENT | changes).items() if v is not None}
    return json.dumps({"incident": incident, "version": "1.2"}).encode()


RULES_BY_NAME = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
}


@pytest.mark.parametrize("name", RULES_BY_NAME)
def test_a_rule_reads_as_it_does_on_one_machine(name: str) -> None:
    rule = RULES_BY_NAME[name]
    policy = {
        "severity": rule["labels"]["severity"].upper(),  # as infra/gcp/monitoring.tf sets it
        "documentation": {"content": rule["annotations"]["summary"]},
    }
    firing = message_of({**rule, "status": "firing"})
    assert read_notification(notification(**policy)) == f"{firing} {PAGE}"
    resolved = message_of({**rule, "status": "resolved"})
    assert read_notification(notification(**policy, state="closed", ended_at=2)) == resolved


def test_an_open_and_a_closed_incident_are_one_line() -> None:
    line = "Critical: The endpoint does not answer: python run.py endpoint"
    assert read_notification(notification()) == f"{line} {PAGE}"
    assert read_notification(notification(url=None)) == line
    assert (
        read_notification(notification(state="closed")) == "Resolved: The endpoint does not answer"
    )


def test_the_test_of_a_connection_is_a_notification() -> None:
    line = read_notification(json.dumps(TEST_CONNECTION).encode())
    assert line == "Alert: Test documentation http://www.example.com"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"documentation": None}, f"Critical: The condition is met for my-project. {PAGE}"),
        ({"documentation": {}, "summary": ""}, f"Critical: EndpointDoesNotAnswer {PAGE}"),
        ({"severity": "no severity", "url": None, "documentation": "It\n\n * fails\t"},
         "Alert: It * fails"),
        ({"severity": None, "url": None, "documentation": "It fails"}, "Alert: It fails"),
        ({"brand_new": {"a": [1]}, "url": None, "documentation": "It fails"}, "Critical: It fails"),
    ],
)  # fmt: skip
def test_other_fields_do_not_matter(changes: dict[str, Any], line: str) -> None:
    assert read_notification(notification(**changes)) == line


def test_a_long_text_is_cut() -> None:
    line = read_notification(notification(documentation={"content": "x" * 5000}, url=None))
    assert line == f"Critical: {'x' * (MAX_TEXT_LENGTH - 1)}…"
    exact = read_notification(notification(documentation="x" * MAX_TEXT_LENGTH, url=None))
    assert exact == f"Critical: {'x' * MAX_TEXT_LENGTH}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "no incident"),
        (b"{}", "no incident"),
        (b'{"version": "1.2", "incident": "secret"}', "no incident"),
        (b'{"version": "2.0", "incident": {"state": "open", "summary": "s"}}', "not 1.x"),
        (b'{"version": 1.2, "incident": {"state": "open", "summary": "s"}}', "not 1.x"),
        (b'{"incident": {"state": "open", "summary": "secret"}}', "not 1.x"),
        (notification(state="acknowledged secret"), "neither open nor closed"),
        (notification(state=None), "neither open nor closed"),
        (notification(state=1), "state is not a text"),
        (notification(documentation=None, summary=" ", policy_name=None), "no text"),
        (notification(documentation={"content": ["secret"]}), "content is not a text"),
        (notification(documentation=["secret"]), "content is not a text"),
        (notification(severity={"secret": 1}), "severity is not a text"),
        (notification(url=["secret"]), "url is not a text"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(body: bytes, reason: str) -> None:
    with pytest.raises(NotificationError, match=reason) as error:
        read_notification(body)
    assert "secret" not in str(error.value)
