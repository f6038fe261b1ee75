"""Ask for the approval of a version that the promotion gate would promote."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from zenml import get_step_context, step

from faces.drift.policy import DriftDecision
from faces.evaluation.feedback_verification import FeedbackVerification, describe_quarantine
from steps.monitoring.send_alert import post
from store.materializers import RECORD
from store.records import Alert, ApprovalRequest, Promotion

REQUEST, REQUEST_ALERT = "approval_request", "approval_alert"


@step(enable_cache=False, output_materializers={REQUEST: RECORD, REQUEST_ALERT: RECORD})
def request_approval(
    held: Promotion,
    decision: DriftDecision,
    feedback: FeedbackVerification,
    timeout_hours: float,
) -> tuple[Annotated[ApprovalRequest, REQUEST], Annotated[Alert, REQUEST_ALERT]]:
    """Send an alert that says what waits, and which commands approve or reject it.

    Args:
        held: What the gate decided about the version.
        decision: Why it was trained.
        feedback: Which labels of the window are quarantined.
        timeout_hours: Hours after which the version can no longer be approved.

    Returns:
        The request, and the alert about it.
    """
    expires = datetime.now(UTC) + timedelta(hours=timeout_hours)
    question = describe_request(held, decision, feedback)
    request = ApprovalRequest(
        held.version, held.replaced, question, expires.isoformat(timespec="seconds")
    )
    alert = post(f"{question} {describe_answers(get_step_context().pipeline_run.name, expires)}")
    return request, alert


def describe_request(
    held: Promotion, decision: DriftDecision, feedback: FeedbackVerification
) -> str:
    """Describe what waits, without names of people.

    Args:
        held: What the gate decided about the version.
        decision: Why it was trained.
        feedback: Which labels of the window are quarantined.

    Returns:
        ZenML's question, with which the alert begins.
    """
    quarantine = describe_quarantine(feedback.counts)
    labels = f" Quarantined labels: {quarantine}." if quarantine else ""
    return (
        f"{decision.reason}.{labels} Version {held.version} was trained and {held.public_reason}."
    )


def describe_answers(run: str, expires: datetime) -> str:
    """Describe how to answer.

    Args:
        run: Name of the run that waits.
        expires: Until when it can be approved.

    Returns:
        The end of the alert.
    """
    return (
        "Show what waits: python run.py review. "
        f"Approve: python run.py review --approve {run}. "
        f"Reject: python run.py review --reject {run}. "
        f"Without an approval by {expires:%Y-%m-%d %H:%M} UTC, production stays as it is."
    )
