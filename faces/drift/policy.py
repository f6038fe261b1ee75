"""Retraining policy: what to do about a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from faces.drift.monitoring import MonitoringResult
from faces.drift.result import DriftVerdict
from faces.evaluation.feedback_verification import FeedbackVerification

ApprovalPolicy = Literal["never", "quarantined", "always"]
"""When a person has to approve a retrained version: never, always, or if labels are quarantined."""


FAILURE_LEVEL = 1e-4
"""Significance level for windows without enough evidence: they are tested again and again."""

FAILURE_IMAGES = 10
"""Distinct images that a drop in confidence needs."""


class Action(StrEnum):
    """What to do about a window."""

    NONE = "none"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    WAIT = "wait"
    ALERT = "alert"
    RETRAIN = "retrain"


@dataclass(frozen=True)
class RetrainingPolicy:
    """When to retrain: drift in `required` of the last windows, and enough labels.

    Attributes:
        of_last: Number of windows considered, the current one included.
        required: Number of these that must have drifted, the current one included.
        minimum_labels: Labels of the current window that may be learned; with fewer, alert
            instead.
    """

    of_last: int
    required: int
    minimum_labels: int


@dataclass(frozen=True)
class DriftDecision:
    """What to do about a window.

    Attributes:
        action: What to do.
        reason: Why, in one sentence without a full stop.
    """

    action: Action
    reason: str

    @property
    def drifted(self) -> bool:
        """Whether the window drifted, regardless of the action."""
        return self.action in (Action.WAIT, Action.ALERT, Action.RETRAIN)


def decide(
    result: MonitoringResult,
    feedback: FeedbackVerification,
    previous: Sequence[bool],
    policy: RetrainingPolicy,
    approved: int = 0,
    reported: bool = False,
) -> DriftDecision:
    """Decide what to do about a window.

    Args:
        result: What was measured in the window.
        feedback: Which of its labels may be learned.
        previous: Whether each previous window drifted, oldest first, without those that had not
            enough evidence.
        policy: When to retrain.
        approved: Quarantined labels of earlier windows that a person approved: they may be learned,
            too.
        reported: Whether an earlier decision was about the monitor's alarm: it is not repeated.

    Returns:
        The action and its reason.
    """
    if result.drift.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE:
        failure = _failure(result) or _monitor_alarm(result, reported)
        if failure is None:
            return DriftDecision(Action.NOT_ENOUGH_EVIDENCE, f"Not tested: {result.drift.reason}")
        return DriftDecision(
            Action.ALERT, f"{failure}; not tested for drift: {result.drift.reason}"
        )
    signs = _drift_signs(result, reported)
    if not signs:
        return DriftDecision(Action.NONE, f"No drift: {result.drift.reason}")
    text = "; ".join(signs)
    drift = text[0].upper() + text[1:]
    considered = [*previous, True][-policy.of_last :]
    if sum(considered) < policy.required:
        return DriftDecision(
            Action.WAIT,
            f"{drift}; seen in {sum(considered)} of the last {len(considered)} windows, "
            f"{policy.required} of {policy.of_last} are required",
        )
    if feedback.learnable + approved < policy.minimum_labels:
        quarantined = len(feedback.quarantined)
        return DriftDecision(
            Action.ALERT,
            f"{drift}; retraining needs at least {policy.minimum_labels} labelled faces, and "
            f"feedback labelled {feedback.labelled}"
            + (f", of which {quarantined} are quarantined" if quarantined else "")
            + (f"; a person approved {approved} of earlier windows" if approved else ""),
        )
    return DriftDecision(Action.RETRAIN, drift)


def _failure(result: MonitoringResult) -> str | None:
    """Describe why a window that cannot be tested for drift needs attention all the same.

    A model that fails completely names few people, so that there are never enough identities.
    Retraining would not help: labels of images that show no face are not plausible.

    Returns:
        The description; None if nothing has failed.
    """
    if result.quality and result.quality.failed:
        return f"The camera may have failed: {result.quality.reason}"
    accuracy, confidence = result.accuracy, result.confidence
    if accuracy and accuracy.p_value <= FAILURE_LEVEL:
        return (
            f"The model may have failed: accuracy fell from {accuracy.before:.3f} to "
            f"{accuracy.now:.3f} (p = {accuracy.p_value:.2g})"
        )
    enough = result.drift.images >= FAILURE_IMAGES
    if enough and confidence and confidence.p_value <= FAILURE_LEVEL:
        return (
            f"The model may have failed: its confidence fell by {confidence.drop:.2f} "
            f"(p = {confidence.p_value:.2g})"
        )
    return None


def needs_approval(policy: ApprovalPolicy, feedback: FeedbackVerification) -> bool:
    """Return whether a person has to approve the version that is trained with a window's labels.

    Args:
        policy: When approvals are needed. With "quarantined", any quarantined label counts,
            whatever the reason.
        feedback: Which labels of the window are quarantined.
    """
    return policy == "always" or (policy == "quarantined" and bool(feedback.quarantined))


def _monitor_alarm(result: MonitoringResult, reported: bool) -> str | None:
    """Describe the monitor's alarm; None without one, or if it was reported already."""
    if reported or result.monitor is None or not result.monitor.alarm:
        return None
    return f"Data drift in single faces: {result.monitor.reason}"


def _drift_signs(result: MonitoringResult, reported: bool) -> list[str]:
    """Describe the data drift and the performance drift of a window, as far as it has them."""
    signs = []
    if result.drift.detected:
        signs.append(f"data drift: {result.drift.reason}")
    if alarm := _monitor_alarm(result, reported):
        signs.append(alarm[0].lower() + alarm[1:])
    accuracy = result.accuracy
    if accuracy is not None and accuracy.p_value <= result.drift.threshold:
        signs.append(
            f"performance drift: accuracy fell from {accuracy.before:.3f} to {accuracy.now:.3f} "
            f"(p = {accuracy.p_value:.2g})"
        )
    return signs
