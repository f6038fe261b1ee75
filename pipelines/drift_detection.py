"""Test the traffic since the last decision for drift; if it drifted, retrain and redeploy."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import Settings
from faces.data.window import Window
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from faces.evaluation.feedback_verification import FeedbackVerification, describe_quarantine
from pipelines.shared.settings import (
    FeedbackSettings,
    GateSettings,
    Share,
    Tolerances,
    VerificationImages,
)
from pipelines.shared.summary import Metrics, RunInfo, Summary, accuracy_row, outputs_of
from pipelines.shared.train_and_gate import train_and_gate
from pipelines.training import TrainingSettings
from steps.data.add_feedback import add_feedback
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_deployment
from steps.deployment.select_version import select_live_version
from steps.deployment.verify_endpoint import verify_endpoint
from steps.monitoring.decide import decide
from steps.monitoring.detect_drift import detect_drift
from steps.monitoring.load_window import load_window
from steps.monitoring.send_alert import send_alert, send_failure
from steps.monitoring.verify_feedback import FEEDBACK, verify_feedback
from steps.monitoring.write_drift_report import write_drift_report
from store.records import Alert, Deployment, Promotion
from store.versions import require_version


class DriftSettings(Settings):
    """Settings of the drift detection pipeline."""

    window: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="the last N faces only; null: all since the last decision"
    )
    threshold: Share = Field(
        default=0.01, description="significance level: the detector's false-alarm rate"
    )
    minimum_images: int = Field(
        default=10, ge=2, description="a window with fewer images is not enough evidence"
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
    feedback: FeedbackSettings = FeedbackSettings()
    # A model that learns turned heads may lose one or two frontal faces of 72.
    gate: GateSettings = GateSettings(tolerances=Tolerances(baseline=0.05))
    verification_images: VerificationImages = 8


SETTINGS = DriftSettings
SINGLE_INSTANCE = True
"""Two drift detections at a time would decide twice about the same faces."""

ON_FAILURE = send_failure


@pipeline(name="drift_detection", dynamic=True, enable_cache=False)
def drift_detection(settings: DriftSettings) -> None:
    """Compare the traffic since the last decision with what the live model was trained on.

    1. Select the live version; load the window of captured faces.
    2. Verify its feedback: quarantine labels that are not plausible.
    3. Test it for drift, decide, and write a report.
    4. To retrain: add the labelled faces to the training images, then train, evaluate, register
       and promote as the training pipeline does.
    5. Deploy a promoted version, compare the endpoint with the model, record the deployment.
    6. Send an alert about drift and its outcome.

    Args:
        settings: Size of the window, limits of the tests, policies and promotion gate.
    """
    live = select_live_version()
    window = load_window(settings.window)
    feedback = verify_feedback(
        window, live, settings.feedback.minimum_similarity, settings.feedback.maximum_share
    )
    drift, features = detect_drift(
        window, feedback, live, settings.threshold, settings.minimum_images, settings.minimum_people
    )
    decision = decide(
        window, drift, feedback, settings.of_last, settings.required, settings.minimum_labels
    )
    action = decision.load().action
    if action == Action.NOT_ENOUGH_EVIDENCE:
        return
    write_drift_report(window, feedback, drift, features, decision)
    if action == Action.ALERT:
        send_alert(decision, None, None)
    if action != Action.RETRAIN:
        return
    faces, split = add_feedback(window, feedback, live)
    training = _training_settings(live.load())
    version, promotion = train_and_gate(
        faces,
        split,
        model=training.model,
        params=training.params,
        detector=training.drift_detector,
        gate=settings.gate,
        settings=training.model_dump(mode="json"),
    )
    if not promotion.load().promoted:
        send_alert(decision, promotion, None)
        return
    rollout = deploy_model(version, None)
    difference = verify_endpoint(rollout, settings.verification_images)
    record_deployment(rollout, difference)
    send_alert(decision, promotion, rollout)


def _training_settings(version: int) -> TrainingSettings:
    """Return the settings that a version was trained with."""
    return TrainingSettings.model_validate(require_version(version).run_metadata["settings"])


class DriftSummary(Summary):
    """Summary of a drift detection."""

    pipeline: Literal["drift_detection"] = "drift_detection"
    drift: MonitoringResult
    damaged: int = Field(description="captured records that could not be read")
    unmatched_feedback: int = Field(description="labels that match no captured request")
    quarantined: dict[str, int] = Field(
        description="labels that are not learned, by reason; only over_cap ones are counted in "
        "the accuracy"
    )
    decision: Action
    reason: str
    retrained: bool
    promoted: bool
    gate: str | None = Field(description="the promotion gate's reason")
    deployed_version: int | None
    metrics: Metrics
    alert: Alert | None
    report: str | None = Field(description="URI of the drift report")

    def rows(self) -> Mapping[str, str]:
        """Return decision, reason, drift, accuracy and what followed. See Summary."""
        drift, result = self.drift, self.drift.drift
        quiet = self.decision in (Action.NONE, Action.NOT_ENOUGH_EVIDENCE)
        rows = {
            "window": f"{result.images} images of {result.identities} people, "
            f"{drift.labelled} with feedback [dim](against version {drift.version})[/]"
            + (f"; [yellow]{self.damaged} damaged, skipped[/]" if self.damaged else ""),
            "decision": f"[{'green' if quiet else 'yellow'}]{self.decision}[/]",
            "reason": escape(self.reason),
        }
        if self.quarantined:
            rows["quarantined"] = f"[yellow]{describe_quarantine(self.quarantined)}[/]"
        if (now := drift.accuracy) is not None:
            rows["accuracy now"] = (
                f"{now.now:.3f} [dim](95 % interval {now.low:.3f} to {now.high:.3f}; "
                f"{now.before:.3f} on the baseline test)[/]"
            )
        if self.retrained:
            rows |= self._retraining_rows()
        if self.alert is not None:
            delivered = "sent" if self.alert.delivered else "[red]not delivered[/]"
            alerter = self.alert.alerter or "none: the stack has no alerter"
            rows["alert"] = f"{delivered} [dim](alerter {escape(alerter)})[/]"
        return {**rows, "run": self.run_row()}

    def _retraining_rows(self) -> dict[str, str]:
        rows = {"baseline accuracy": accuracy_row(self.metrics, "baseline")}
        if "drifted_accuracy" in self.metrics:
            rows["drifted accuracy"] = accuracy_row(self.metrics, "drifted")
        live = self.deployed_version
        return {
            **rows,
            "gate": escape(self.gate or ""),
            "live": f"[green]version {live}[/]" if live else "unchanged",
        }

    def next_steps(self) -> Sequence[str]:
        """Return what to do next, depending on the decision and its outcome. See Summary."""
        if self.decision == Action.NOT_ENOUGH_EVIDENCE:
            return ("[bold]python run.py --pipeline drift_detection[/] again after more traffic",)
        if not DriftDecision(self.decision, self.reason).drifted:
            return ()
        steps = ["[bold]python run.py dashboard --evidently[/] for each feature, by Evidently"]
        if self.retrained and not self.promoted:
            steps.append("[bold]make dashboard[/] for the plots of the rejected version")
        if self.deployed_version is not None:
            steps.append("[bold]python run.py --pipeline rollback[/] to undo the deployment")
        if self.decision == Action.ALERT:
            steps.append("[bold]python run.py predict FILE --label NAME[/] to send feedback")
        return steps

    def page(self) -> str | None:
        """Return the drift report."""
        return self.report


def summarize(run: PipelineRunResponse) -> DriftSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded. Which artifacts it has depends on the decision.

    Returns:
        Drift, decision, and what followed from it.
    """
    outputs = outputs_of(run)
    decision: DriftDecision = outputs["drift_decision"].load()
    window: Window = outputs["window"].load()
    feedback: FeedbackVerification = outputs[FEEDBACK].load()
    promotion: Promotion | None = outputs["promotion"].load() if "promotion" in outputs else None
    deployment: Deployment | None = (
        outputs["deployment"].load() if "deployment" in outputs else None
    )
    report = outputs.get("drift_report")
    return DriftSummary(
        run=RunInfo.of(run),
        drift=outputs["drift"].load(),
        damaged=window.damaged,
        unmatched_feedback=window.unmatched_feedback,
        quarantined=feedback.counts,
        decision=decision.action,
        reason=decision.reason,
        retrained=promotion is not None,
        promoted=promotion is not None and promotion.promoted,
        gate=promotion.reason if promotion else None,
        deployed_version=deployment.version if deployment else None,
        metrics=outputs["metrics"].load() if "metrics" in outputs else {},
        alert=outputs["alert"].load() if "alert" in outputs else None,
        report=f"{report.uri}/page.html" if report else None,
    )
