"""Test the traffic since the last decision for drift; if it drifted, retrain and redeploy."""

from typing import Annotated

from pydantic import Field
from zenml import pipeline, wait

from components.deployers.base import active_deployer
from components.deployers.settings import CanarySettings
from components.settings import CommandLine, Settings
from faces.drift.policy import Action, ApprovalPolicy, needs_approval
from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryStep
from pipelines.shared.artifact import Artifact
from pipelines.shared.drift_summary import summarize
from pipelines.shared.retraining import retrain
from pipelines.shared.settings import (
    CANARY,
    DIRECT,
    FeedbackSettings,
    GateSettings,
    Rollout,
    Share,
    Tolerances,
    VerificationImages,
)
from steps.data.add_feedback import add_feedback
from steps.deployment.advance_canary import advance_canary, arrange_canary
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_deployment, record_rollback
from steps.deployment.select_version import select_live_version
from steps.deployment.start_canary import start_canary
from steps.deployment.verify_endpoint import verify_endpoint
from steps.erasure.expire_copies import expire_copies
from steps.monitoring.decide import decide
from steps.monitoring.detect_drift import detect_drift
from steps.monitoring.load_window import load_window
from steps.monitoring.report_canary import report_canary
from steps.monitoring.send_alert import send_alert, send_failure
from steps.monitoring.update_monitor import update_monitor
from steps.monitoring.verify_feedback import verify_feedback
from steps.monitoring.write_drift_report import write_drift_report
from steps.promotion.promote_approved import promote_approved
from steps.promotion.request_approval import request_approval
from store.approvals import APPROVAL, condition_metadata
from store.records import ApprovalRequest

__all__ = ["CAN_WAIT", "ON_FAILURE", "SETTINGS", "SINGLE_INSTANCE", "drift_detection", "summarize"]


class DriftSettings(Settings):
    """Settings of the drift detection pipeline."""

    window: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="the last N faces only; null: all since the last decision"
    )
    threshold: Share = Field(
        default=0.01,
        description="significance level: the detector's false-alarm rate for each window, and the "
        "probability that the monitor ever raises a false alarm between two deployments",
    )
    minimum_images: int = Field(
        default=10, ge=2, description="a window with fewer images is not enough evidence"
    )
    maximum_images: int = Field(
        default=5_000,
        ge=100,
        description="of more faces since the last decision, a random sample of this size is loaded",
    )
    minimum_people: int = Field(
        default=8,
        ge=1,
        description="a window with fewer recognised identities is not enough evidence",
    )
    of_last: int = Field(
        default=1, ge=1, description="retrain if `required` of the last N windows drifted"
    )
    required: int = Field(
        default=1, ge=1, description="number of the last `of_last` windows that must have drifted"
    )
    minimum_labels: int = Field(
        default=10, ge=1, description="with fewer labels to learn, alert instead of retraining"
    )
    silence_hours: float | None = Field(
        default=24, gt=0, description="report if no face has arrived for this long; null: never"
    )
    approval: ApprovalPolicy = Field(
        default="never",
        description="when a person has to approve a retrained version before it is promoted: "
        "never, always, or if labels of the window are quarantined",
    )
    approval_timeout_hours: float = Field(
        default=72,
        gt=0,
        description="hours that a version waits; then it can no longer be approved",
    )
    feedback: FeedbackSettings = FeedbackSettings()
    gate: GateSettings = GateSettings(tolerances=Tolerances(baseline=0.05))  # 1 or 2 faces of 72
    rollout: Annotated[Rollout, CommandLine(metavar="HOW")] = DIRECT
    canary: CanarySettings = CanarySettings()
    verification_images: VerificationImages = 8


SETTINGS = DriftSettings
SINGLE_INSTANCE = True
"""Two drift detections at a time would decide twice about the same faces."""
CAN_WAIT = True
"""A run may wait for an approval. Those that were answered are finished before a new one starts."""

ON_FAILURE = send_failure


@pipeline(name="drift_detection", dynamic=True, enable_cache=False)
def drift_detection(settings: DriftSettings) -> None:
    """Compare the traffic since the last decision with what the live model was trained on.

    0. Continue a canary release, if there is one: it advances, goes back, or needs more faces.
    1. Delete copies that are older than `retention_days`; load the window of captured faces, and
       add those that came since the last run to the monitor of single faces.
    2. Verify its feedback: quarantine labels that are not plausible.
    3. Test it for drift, decide, and write a report.
    4. To retrain: add the labelled faces to the training images, and those of earlier windows whose
       label came late; then train, evaluate, register and promote as the training pipeline does. If
       the gate rejects the version because of single people, train another one without the new
       labels that name them, and if it rejects that one for the same reason, a third.
    5. If the settings ask for it, wait for a person to approve the version.
    6. Deploy a promoted version, compare the endpoint with the model, record the deployment; or
       start a canary release of it.
    7. Send an alert about drift and its outcome.

    Args:
        settings: Size of the window, limits of the tests, policies and promotion gate.
    """
    if settings.rollout == CANARY:
        active_deployer().require_canary_support()
    canary = _continue_canary(settings)
    expire_copies(None)
    live = select_live_version()
    window = load_window(settings.window, settings.maximum_images)
    monitor = update_monitor(live, settings.maximum_images)
    feedback, approved = verify_feedback(
        window, live, settings.feedback.minimum_similarity, settings.feedback.maximum_share
    )
    drift, features = detect_drift(
        window,
        feedback,
        live,
        monitor,
        settings.threshold,
        settings.minimum_images,
        settings.minimum_people,
    )
    decision = decide(
        window,
        drift,
        feedback,
        approved,
        settings.of_last,
        settings.required,
        settings.minimum_labels,
        canary,
        settings.silence_hours,
        settings.feedback.minimum_similarity,
        settings.feedback.maximum_share,
    )
    action = decision.load().action
    if action == Action.NOT_ENOUGH_EVIDENCE:
        return
    if len(window.load()):
        write_drift_report(window, feedback, drift, features, decision)
    if action == Action.ALERT or (action == Action.REPORT and not decision.load().repeated):
        send_alert(decision, None, None)
    if action != Action.RETRAIN:
        return
    _retrain(settings, window, feedback, approved, live, decision)


def _retrain(
    settings: DriftSettings,
    window: Artifact,
    feedback: Artifact,
    approved: Artifact,
    live: Artifact,
    decision: Artifact,
) -> None:
    """Train a version on the labelled faces, and make it live if gate and people allow it."""
    limits = settings.feedback
    faces, split = add_feedback(
        window, feedback, approved, live, limits.minimum_similarity, limits.maximum_share
    )
    version, promotion = retrain(
        faces, split, live, settings.gate, needs_approval(settings.approval, feedback.load())
    )
    if promotion.load().held:
        request, _ = request_approval(
            promotion, decision, feedback, settings.approval_timeout_hours
        )
        _wait_for_approval(request.load())
        promotion = promote_approved(request, promotion)
    if not promotion.load().promoted:
        send_alert(decision, promotion, None)
        return
    if settings.rollout == CANARY:
        start_canary(version, settings.canary, settings.verification_images)
        send_alert(decision, promotion, None)
        return
    rollout = deploy_model(version, None)
    difference = verify_endpoint(rollout, settings.verification_images)
    record_deployment(rollout, difference)
    send_alert(decision, promotion, rollout)


def _continue_canary(settings: DriftSettings) -> Artifact:
    """Let a canary release advance or go back; finish a deployment that a killed run began."""
    canary = advance_canary()
    step: CanaryStep = canary.load()
    if step.serve is not None:
        rollout = deploy_model(step.serve, None)
        difference = verify_endpoint(rollout, settings.verification_images)
        if step.release and step.release.phase == Phase.ROLLED_BACK:
            record_rollback(rollout, difference, step.release.reason)
        else:
            record_deployment(rollout, difference)
    if step.release is not None:
        arrange_canary(canary)
    ended = step.release is not None and not step.release.phase.is_active
    if ended or step.serve is not None:
        report_canary(canary)
    return canary


def _wait_for_approval(request: ApprovalRequest) -> None:
    """Pause the run until a person has approved it. Rejecting it ends the run."""
    recorded = condition_metadata(request.version, request.compared_with, request.expires)
    wait(name=APPROVAL, timeout=0, question=request.question, metadata=recorded)
