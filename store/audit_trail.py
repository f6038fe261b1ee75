"""Audit trail: who did what to versions, labels and data, derived from what ZenML records.

Nothing is recorded for the trail alone. It names no people but users and senders of feedback.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from zenml.client import Client

from faces.reports.timeline_records import AuditEvent
from store.approvals import EXPIRED, approvals
from store.deployments import MAX_RECORDS, ROLLBACK, deployments
from store.label_reviews import label_reviews

WITHHELD = "withheld_labels"
"""Metadata of a run, with the number of a rejected version: the next one has learned less."""

UNKNOWN_SENDER = "unknown sender"


def audit_trail() -> tuple[AuditEvent, ...]:
    """Return what was done on the active stack, oldest first."""
    # Times are in seconds: within one, an approval precedes a promotion, and that a deployment.
    events = [*_label_reviews(), *_approvals(), *_runs(), *_deployments()]
    return tuple(sorted(events, key=lambda event: event.when))


def _deployments() -> Iterator[AuditEvent]:
    for record in deployments():
        action = "rolled back" if record.kind == ROLLBACK else "deployed"
        replaced = f"in place of version {record.replaced}: " if record.replaced else ""
        details = f"{replaced}{record.reason}"
        yield AuditEvent(record.when, record.who, action, f"version {record.version}", details)


def _approvals() -> Iterator[AuditEvent]:
    for approval in approvals():
        if approval.answer is None or approval.answered is None:
            continue
        who = "nobody" if approval.answer == EXPIRED else approval.who
        when = _format(approval.answered)
        subject = f"version {approval.version}"
        yield AuditEvent(when, who, approval.answer, subject, "", approval.run)


def _label_reviews() -> Iterator[AuditEvent]:
    for label, reviews in label_reviews().items():
        for review in reviews:
            action = f"label {review.review}"
            yield AuditEvent(review.when, review.who, action, f"label {label}", "")


def _runs() -> Iterator[AuditEvent]:
    runs = Client().list_pipeline_runs(
        stack_id=Client().active_stack_model.id,
        sort_by="desc:created",
        size=MAX_RECORDS,
        hydrate=True,
    )
    for run in runs.items:
        yield from events_of_run(run.name, run.run_metadata)


def events_of_run(run: str, metadata: Mapping[str, Any]) -> Iterator[AuditEvent]:
    """Read from a run's metadata what it did to versions, and which labels it received.

    Args:
        run: The run's name.
        metadata: Its metadata, as `describe_run` records it.

    Yields:
        The events, in no order.
    """
    if feedback := _dated(metadata, "feedback"):
        for sender, count in feedback.get("senders", {}).items():
            details = f"of {feedback['labelled']} in the window"
            who = sender or UNKNOWN_SENDER
            yield AuditEvent(feedback["when"], who, "labelled", f"{count} faces", details, run)
    if training := _dated(metadata, "training"):
        actions = {
            "promoted": "promoted",
            "held for approval": "held for approval",
            "rejected": "not promoted",
        }
        if action := actions.get(training["outcome"]):
            subject, details = f"version {training['version']}", "by the promotion gate"
            yield AuditEvent(training["when"], training["who"], action, subject, details, run)
    yield from _rejections(run, metadata)
    if approved := _dated(metadata, "approval"):
        subject = f"version {approved['version']}"
        promoted = approved["promoted"]
        details = "after approval" if promoted else approved["reason"].split(": ", 1)[-1]
        action = "promoted" if promoted else "not promoted"
        yield AuditEvent(approved["when"], approved["who"], action, subject, details, run)
    yield from _erasures(run, metadata)


def _rejections(run: str, metadata: Mapping[str, Any]) -> Iterator[AuditEvent]:
    """Yield the versions that the gate rejected, and that others with fewer labels followed."""
    for entry in (metadata[name] for name in metadata if name.startswith(WITHHELD)):
        subject = f"version {entry['rejected_version']}"
        labels = f"{entry['labels']} labels were withheld from the next version"
        details = f"by the promotion gate; {labels}"
        yield AuditEvent(entry["when"], entry["who"], "not promoted", subject, details, run)


def _dated(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of the metadata, {} if it is missing or was written before it had a date."""
    part: Mapping[str, Any] = metadata.get(name, {})
    return part if "when" in part else {}


def _erasures(run: str, metadata: Mapping[str, Any]) -> Iterator[AuditEvent]:
    details = "the run's receipt says what was removed"
    if erased := _dated(metadata, "erasure"):
        subject = "a person or a request"
        yield AuditEvent(erased["when"], erased["who"], "forgot", subject, details, run)
    expired = _dated(metadata, "expired")
    if expired.keys() - {"when", "who", "needed"}:
        subject = "copies past their retention"
        yield AuditEvent(expired["when"], expired["who"], "deleted", subject, details, run)


def _format(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
