"""Decide what to do about the window."""

from collections.abc import Sequence
from typing import Annotated

from zenml import step
from zenml.metadata.metadata_types import MetadataType

from faces.data.window import Window
from faces.drift import policy
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision, RetrainingPolicy
from faces.drift.result import MonitorResult
from faces.evaluation.canary_policy import CanaryStep, Phase
from faces.evaluation.feedback_verification import FeedbackVerification
from store.deployments import (
    DECISION,
    DecisionEntry,
    decisions,
    last_decided_at,
    record_decision,
)
from store.materializers import RECORD
from store.records import ApprovedLabels
from store.run_metadata import describe_run


@step(enable_cache=False, output_materializers={DECISION: RECORD})
def decide(
    window: Window,
    drift: MonitoringResult,
    feedback: FeedbackVerification,
    approved: ApprovedLabels,
    of_last: int,
    required: int,
    minimum_labels: int,
    canary: CanaryStep,
) -> Annotated[DriftDecision, DECISION]:
    """Apply the retraining policy to the window, and record the decision.

    Faces that were decided on are not part of the next window. A window without enough evidence is
    tested again, together with the faces that come later.

    Args:
        window: The faces to decide on.
        drift: The result of the drift test and the accuracy on labelled faces.
        feedback: Which labels may be learned.
        approved: Labels of earlier windows that may be learned, too.
        of_last: Number of latest windows to consider, this one included.
        required: How many of them must have drifted for retraining.
        minimum_labels: Number of labels to learn that retraining needs; with fewer, an alert is
            sent.
        canary: A canary release, during which nothing is retrained: the window is tested again
            when the release has ended.

    Returns:
        The action and its reason.
    """
    entries = decisions()
    decision = policy.decide(
        drift,
        feedback,
        [e.drifted for e in entries if e.action != Action.NOT_ENOUGH_EVIDENCE],
        RetrainingPolicy(of_last=of_last, required=required, minimum_labels=minimum_labels),
        approved=len(approved.labels),
        reported=_is_reported(drift.monitor, entries),
    )
    until = last_decided_at(entries)
    if decision.action == Action.RETRAIN and _is_released(canary):
        decision = DriftDecision(
            Action.NOT_ENOUGH_EVIDENCE,
            f"{decision.reason}; retraining waits until the canary release has ended",
        )
    if decision.action != Action.NOT_ENOUGH_EVIDENCE:
        until = int(window.times.max())
    record_decision(DecisionEntry.create(decision, drift, until))
    describe_run("drift", _describe(decision, drift))
    return decision


def _is_reported(monitor: MonitorResult | None, entries: Sequence[DecisionEntry]) -> bool:
    """Return whether an earlier decision was about the alarm of this deployment's monitor."""
    earlier = [entry.monitor for entry in entries if entry.monitor and entry.monitor.alarm]
    key = (monitor.version, monitor.since) if monitor else None
    return key in [(found.version, found.since) for found in earlier]


def _is_released(canary: CanaryStep) -> bool:
    release = canary.release
    return release is not None and release.phase in (Phase.SHADOW, Phase.CANARY)


def _describe(decision: DriftDecision, result: MonitoringResult) -> dict[str, MetadataType | None]:
    drift, accuracy = result.drift, result.accuracy
    values: dict[str, MetadataType | None] = {
        "decision": decision.action.value,
        "reason": decision.reason,
        "p_value": drift.p_value,
        "threshold": drift.threshold,
        "detector": drift.detector,
        "images": drift.images,
        "identities": drift.identities,
        "labelled": result.labelled,
        "compared_with_version": result.version,
    }
    if (monitor := result.monitor) is not None:
        values["monitor_evidence"] = monitor.evidence
        values["monitor_peak"] = monitor.peak
        values["monitor_faces"] = monitor.faces
        values["monitor_alarm"] = monitor.alarm
    if accuracy is not None:
        values["accuracy"] = accuracy.now
        values["accuracy_interval"] = f"{accuracy.low:.3f} to {accuracy.high:.3f}"
        values["baseline_accuracy"] = accuracy.before
    return values
