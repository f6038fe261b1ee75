"""Decide what to do about the window."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated

from zenml import step
from zenml.metadata.metadata_types import MetadataType

from faces.data.window import Window
from faces.drift import policy
from faces.drift.findings import FindingKind
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision, RetrainingPolicy
from faces.drift.result import MonitorResult
from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryStep
from faces.evaluation.feedback_verification import FeedbackVerification
from steps.data.late_feedback import load_late_feedback
from store.deployments import (
    DECISION,
    DecisionEntry,
    decisions,
    deployments,
    last_decided_at,
    record_decision,
)
from store.materializers import RECORD
from store.records import ApprovedLabels
from store.run_metadata import describe_run

NANOSECONDS, SECONDS_PER_HOUR = 1_000_000_000, 3_600

RETRAINED = {FindingKind.PICTURES, FindingKind.ACCURACY}
"""Findings that lead to retraining if there are enough labels."""


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
    silence_hours: float | None,
    minimum_similarity: float,
    maximum_share: float,
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
        silence_hours: Hours without a face after which that is reported; None for never.
        minimum_similarity: Smallest plausible similarity of late labels, from -1 to 1.
        maximum_share: Largest share of the plausible late labels that name one person, in (0, 1].

    Returns:
        The action and its reason.
    """
    entries = decisions()
    apply_policy = partial(
        policy.decide,
        drift,
        feedback,
        [e.drifted for e in entries if e.action != Action.NOT_ENOUGH_EVIDENCE],
        RetrainingPolicy(of_last=of_last, required=required, minimum_labels=minimum_labels),
        approved=len(approved.labels),
        reported=_is_reported(drift.monitor, entries),
        silence_hours=_silence(window, entries, silence_hours),
    )
    decision = apply_policy()
    if decision.action == Action.ALERT and set(decision.findings) & RETRAINED:
        late = load_late_feedback(drift.version, minimum_similarity, maximum_share)
        decision = apply_policy(late=len(late))
    if decision.action == Action.REPORT and entries and entries[-1].action == Action.REPORT:
        repeated = set(decision.findings) <= set(entries[-1].findings)
        decision = replace(decision, repeated=repeated)
    until = last_decided_at(entries)
    if decision.action == Action.RETRAIN and _is_released(canary):
        decision = DriftDecision(
            Action.NOT_ENOUGH_EVIDENCE,
            f"{decision.reason}; retraining waits until the canary release has ended",
        )
    if decision.action != Action.NOT_ENOUGH_EVIDENCE and len(window):
        until = int(window.times.max())
    labels_until = int(max(window.label_times.max(initial=0), until))
    record_decision(DecisionEntry.create(decision, drift, until, labels_until))
    describe_run("drift", _describe(decision, drift))
    return decision


def _silence(window: Window, entries: Sequence[DecisionEntry], hours: float | None) -> float | None:
    """Return the hours since the latest face or deployment, if they are to be reported."""
    latest = [datetime.fromisoformat(record.when).timestamp() for record in deployments()[-1:]]
    latest += [last_decided_at(entries) / NANOSECONDS, *(window.times[-1:] / NANOSECONDS)]
    silent = (time.time() - max(latest)) / SECONDS_PER_HOUR
    for entry in entries:
        since = datetime.fromisoformat(entry.when).timestamp()
        if FindingKind.SILENCE in entry.findings and since > max(latest):
            return None
    return silent if hours is not None and silent >= hours else None


def _is_reported(monitor: MonitorResult | None, entries: Sequence[DecisionEntry]) -> bool:
    """Return whether an earlier decision was about the alarm of this deployment's monitor."""
    decided = [entry for entry in entries if entry.action != Action.NOT_ENOUGH_EVIDENCE]
    earlier = [entry.monitor for entry in decided if entry.monitor and entry.monitor.alarm]
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
        "findings": ", ".join(decision.findings) or None,
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
