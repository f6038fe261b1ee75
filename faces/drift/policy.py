"""Retraining policy: what to do about a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from faces.drift.findings import DRIFT, REMEDIES, FindingKind, find, is_harmful
from faces.drift.monitoring import MonitoringResult
from faces.drift.result import DriftVerdict
from faces.evaluation.feedback_verification import FeedbackVerification

ApprovalPolicy = Literal["never", "quarantined", "always"]
"""When a person has to approve a retrained version: never, always, or if labels are quarantined."""


class Action(StrEnum):
    """What to do about a window."""

    NONE = "none"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    WAIT = "wait"
    REPORT = "report"
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
        findings: The kinds of what was found.
        repeated: Whether the decision before was the same report, so that no alert is sent.
    """

    action: Action
    reason: str
    findings: tuple[FindingKind, ...] = ()
    repeated: bool = False

    @property
    def drifted(self) -> bool:
        """Whether the window drifted in a way that matters, regardless of the action."""
        if self.findings and not set(self.findings) & DRIFT:
            return False
        return self.action in (Action.WAIT, Action.ALERT, Action.RETRAIN)

    @property
    def remedy(self) -> str:
        """What to do about the findings, in one phrase; "" if nothing is left to do."""
        if self.action not in (Action.ALERT, Action.REPORT):
            return ""
        kinds = dict.fromkeys(self.findings)
        if self.action == Action.REPORT:
            kinds.pop(FindingKind.PICTURES, None)
        return "; ".join(REMEDIES[kind] for kind in kinds)


def decide(
    result: MonitoringResult,
    feedback: FeedbackVerification,
    previous: Sequence[bool],
    policy: RetrainingPolicy,
    approved: int = 0,
    reported: bool = False,
    late: int = 0,
    silence_hours: float | None = None,
) -> DriftDecision:
    """Decide what to do about a window.

    Pictures that changed without costing accuracy, and people who are not enrolled, are reported:
    retraining would not help.

    Args:
        result: What was measured in the window.
        feedback: Which of its labels may be learned.
        previous: Whether each previous window drifted, oldest first, without those that had not
            enough evidence.
        policy: When to retrain.
        approved: Quarantined labels of earlier windows that a person approved: they may be learned,
            too.
        reported: Whether an earlier decision was about the monitor's alarm: it is not repeated.
        late: Labels of earlier windows that came after the decision: they may be learned, too.
        silence_hours: Hours since the latest face, if that is to be reported.

    Returns:
        The action and its reason.
    """
    found = find(result, reported, silence_hours)
    untested = result.drift.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE
    if not found:
        if untested:
            return DriftDecision(Action.NOT_ENOUGH_EVIDENCE, f"Not tested: {result.drift.reason}")
        return DriftDecision(Action.NONE, f"No drift: {result.drift.reason}")
    text = "; ".join(finding.text for finding in found)
    text = text[0].upper() + text[1:]
    kinds = tuple(finding.kind for finding in found)
    if untested:
        text += f"; not tested for drift: {result.drift.reason}"
        return DriftDecision(Action.ALERT, text, kinds)
    if not set(kinds) & DRIFT:
        return DriftDecision(Action.REPORT, text, kinds)
    if not is_harmful(result):
        text += "; neither accuracy nor confidence fell, so the model is not retrained"
        return DriftDecision(Action.REPORT, text, kinds)
    action, reason = _act(text, feedback, previous, policy, approved, late)
    return DriftDecision(action, reason, kinds)


def _act(
    drift: str,
    feedback: FeedbackVerification,
    previous: Sequence[bool],
    policy: RetrainingPolicy,
    approved: int,
    late: int,
) -> tuple[Action, str]:
    """Return whether to wait, to send an alert or to retrain, and why."""
    considered = [*previous, True][-policy.of_last :]
    if sum(considered) < policy.required:
        return Action.WAIT, (
            f"{drift}; seen in {sum(considered)} of the last {len(considered)} windows, "
            f"{policy.required} of {policy.of_last} are required"
        )
    if feedback.learnable + approved + late < policy.minimum_labels:
        quarantined = len(feedback.quarantined)
        return Action.ALERT, (
            f"{drift}; retraining needs at least {policy.minimum_labels} labelled faces, and "
            f"feedback labelled {feedback.labelled}"
            + (f", of which {quarantined} are quarantined" if quarantined else "")
            + (f"; a person approved {approved} of earlier windows" if approved else "")
            + (f"; {late} of earlier windows came late" if late else "")
        )
    return Action.RETRAIN, drift


def needs_approval(policy: ApprovalPolicy, feedback: FeedbackVerification) -> bool:
    """Return whether a person has to approve the version that is trained with a window's labels.

    Args:
        policy: When approvals are needed. With "quarantined", any quarantined label counts,
            whatever the reason.
        feedback: Which labels of the window are quarantined.
    """
    return policy == "always" or (policy == "quarantined" and bool(feedback.quarantined))
