"""Summary of a drift detection."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from pydantic import Field
from rich.markup import escape
from zenml.enums import ExecutionStatus
from zenml.models import ArtifactVersionResponse, PipelineRunResponse

from faces.data.window import Window
from faces.drift.findings import FindingKind
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from faces.drift.result import DriftVerdict, MonitorResult
from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryRelease, CanaryStep
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    describe_quarantine,
    describe_senders,
)
from pipelines.shared.summary import Metrics, RunInfo, Summary, accuracy_row, outputs_of
from steps.monitoring.verify_feedback import APPROVED_LABELS
from steps.promotion.promote_approved import APPROVED_PROMOTION
from steps.promotion.request_approval import REQUEST, REQUEST_ALERT
from store.audit_trail import WITHHELD
from store.canary_releases import CANARY
from store.label_reviews import FEEDBACK
from store.records import Alert, ApprovalRequest, ApprovedLabels, Deployment, Promotion

Record = TypeVar("Record")


class DriftSummary(Summary):
    """Summary of a drift detection."""

    pipeline: Literal["drift_detection"] = "drift_detection"
    drift: MonitoringResult
    damaged: int = Field(description="captured records that could not be read")
    sampled_from: int = Field(
        default=0, description="captured faces that the window is a sample of; 0: it has all"
    )
    unmatched_feedback: int = Field(description="labels that match no captured request")
    quarantined: dict[str, int] = Field(
        description="labels that are not learned, by reason; only over_cap ones are counted in "
        "the accuracy"
    )
    quarantined_senders: dict[str, int] = Field(
        default_factory=dict,
        description="labels that are not learned, by sender; anonymous: sent without a token",
    )
    approved_labels: int = Field(
        default=0, description="labels of earlier windows that a person approved: learned, too"
    )
    decision: Action
    reason: str
    findings: tuple[FindingKind, ...] = Field(
        default=(),
        description="what was found: changed pictures, new people, lower accuracy, a "
        "failing camera or model, or that no faces arrive",
    )
    remedy: str = Field(default="", description="what to do about the findings")
    retrained: bool
    promoted: bool
    gate: str | None = Field(description="the promotion gate's reason")
    withheld_labels: int = Field(
        default=0,
        description="new labels that the version has not learned, because the gate rejected one "
        "that had",
    )
    deployed_version: int | None
    metrics: Metrics
    waits_for_approval_until: str | None = Field(
        default=None,
        description="until when a person can approve the version, in UTC, ISO 8601; null: the run "
        "does not wait",
    )
    canary: CanaryRelease | None = Field(
        default=None, description="the canary release that continued or began in this run"
    )
    repaired: str | None = Field(
        default=None, description="why a deployment of a killed run was finished first"
    )
    alert: Alert | None
    report: str | None = Field(description="URI of the drift report")

    def rows(self) -> Mapping[str, str]:
        """Return decision, reason, drift, accuracy and what followed. See Summary."""
        drift, result = self.drift, self.drift.drift
        quiet = self.decision in (Action.NONE, Action.NOT_ENOUGH_EVIDENCE)
        rows = {
            "window": f"{result.images} distinct images of {result.identities} people, "
            f"{drift.labelled} faces with feedback [dim](against version {drift.version})[/]"
            + (f"; a sample of {self.sampled_from:,} faces" if self.sampled_from else "")
            + (f"; [yellow]{self.damaged} damaged, skipped[/]" if self.damaged else ""),
            "monitor": _monitor_row(drift.monitor),
            "decision": f"[{'green' if quiet else 'yellow'}]{self.decision}[/]",
            "reason": escape(self.reason),
        }
        if self.canary is not None:
            rows["canary"] = describe_canary(self.canary)
        if self.repaired:
            rows["repaired"] = f"[yellow]{self.repaired}[/]"
        if self.remedy:
            rows["to do"] = escape(self.remedy)
        if self.quarantined:
            senders = escape(describe_senders(self.quarantined_senders))
            reasons = describe_quarantine(self.quarantined)
            rows["quarantined"] = f"[yellow]{reasons}[/] [dim]({senders})[/]"
        if self.approved_labels:
            rows["approved"] = f"{self.approved_labels} labels of earlier windows, by a person"
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
        if self.waits_for_approval_until:
            rows["approval"] = f"[yellow]waits until {self.waits_for_approval_until}[/]"
        if self.withheld_labels:
            rows["withheld"] = (
                f"[yellow]{self.withheld_labels} new labels[/] [dim](of people because of whom the "
                "gate rejected a version that had learned them)[/]"
            )
        return {
            **rows,
            "gate": escape(self.gate or ""),
            "live": f"[green]version {live}[/]" if live else "unchanged",
        }

    def next_steps(self) -> Sequence[str]:
        """Return what to do next, depending on the decision and its outcome. See Summary."""
        if self.decision == Action.NOT_ENOUGH_EVIDENCE:
            return ("[bold]python run.py --pipeline drift_detection[/] again after more traffic",)
        if not DriftDecision(self.decision, self.reason, self.findings).drifted:
            return ()
        untested = self.drift.drift.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE
        if self.decision == Action.ALERT and untested:
            return ("look at the faces in the report, then at the camera and the deployed version",)
        if self.waits_for_approval_until:
            answer = "[bold]python run.py review --{} {}[/]"
            return [
                "[bold]python run.py review[/] to see what waits",
                f"{answer.format('approve', self.run.name)} to deploy the version",
                f"{answer.format('reject', self.run.name)} to leave production as it is",
            ]
        steps = ["[bold]python run.py dashboard --evidently[/] for each feature, by Evidently"]
        if self.retrained and not self.promoted:
            steps.append("[bold]make dashboard[/] for the plots of the rejected version")
        if self.deployed_version is not None:
            steps.append("[bold]python run.py --pipeline rollback[/] to undo the deployment")
        if self.quarantined:
            steps.append("[bold]python run.py review[/] to approve or reject quarantined labels")
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
    approved: ApprovedLabels = outputs[APPROVED_LABELS].load()
    promotion = _load_first(Promotion, outputs, APPROVED_PROMOTION, "promotion")
    deployment = _load_first(Deployment, outputs, "deployment")
    request = _load_first(ApprovalRequest, outputs, REQUEST)
    report, canary = outputs.get("drift_report"), _canary(run)
    return DriftSummary(
        run=RunInfo.of(run),
        drift=outputs["drift"].load(),
        damaged=window.damaged,
        sampled_from=window.sampled_from,
        unmatched_feedback=window.unmatched_feedback,
        quarantined=feedback.counts,
        quarantined_senders=feedback.senders,
        approved_labels=len(approved.labels),
        decision=decision.action,
        reason=decision.reason,
        findings=decision.findings,
        remedy=decision.remedy,
        retrained=promotion is not None,
        promoted=promotion is not None and promotion.promoted,
        gate=promotion.reason if promotion else None,
        withheld_labels=sum(
            step.outputs[WITHHELD][0].load()
            for step in run.steps.values()
            if WITHHELD in step.outputs
        ),
        deployed_version=deployment.version if deployment else None,
        metrics=outputs["metrics"].load() if "metrics" in outputs else {},
        waits_for_approval_until=request.expires
        if request and run.status == ExecutionStatus.PAUSED
        else None,
        canary=canary.release,
        repaired=canary.repair,
        alert=_load_first(Alert, outputs, "alert", REQUEST_ALERT),
        report=f"{report.uri}/page.html" if report else None,
    )


def _monitor_row(monitor: MonitorResult | None) -> str:
    if monitor is None:
        return "[dim]none[/]"
    colour = "yellow" if monitor.alarm else "green"
    return (
        f"[{colour}]{'alarm' if monitor.alarm else 'no alarm'}[/] [dim]({monitor.reason}; now "
        f"{monitor.evidence:.3g})[/]"
    )


def describe_canary(release: CanaryRelease) -> str:
    """Describe the state of a canary release, as markup.

    Args:
        release: Its state.

    Returns:
        Versions, phase and reason.
    """
    colour = "yellow" if release.phase == Phase.ROLLED_BACK else "green"
    return (
        f"version {release.candidate} after {release.previous}: [{colour}]{release.phase}[/] "
        f"[dim]({escape(release.reason)})[/]"
    )


def _canary(run: PipelineRunResponse) -> CanaryStep:
    """Return the release that began in the run, else what was done about the one before."""
    if started := run.steps.get("start_canary"):
        return CanaryStep(started.outputs[CANARY][0].load())
    step: CanaryStep = run.steps["advance_canary"].outputs[CANARY][0].load()
    return step


def _load_first(
    kind: type[Record], outputs: Mapping[str, ArtifactVersionResponse], *names: str
) -> Record | None:
    """Load the first of these artifacts that the run has."""
    for name in names:
        if name in outputs:
            record = outputs[name].load()
            assert isinstance(record, kind)
            return record
    return None
