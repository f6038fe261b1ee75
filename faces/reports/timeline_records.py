"""What a timeline shows: drift decisions, deployments and versions."""

from dataclasses import dataclass
from datetime import datetime

from faces.drift.accuracy import AccuracyDrop
from faces.drift.policy import Action
from faces.drift.result import MonitorResult


@dataclass(frozen=True)
class DecisionRecord:
    """A drift decision.

    Attributes:
        run: Id of the pipeline run.
        when: When it was made, with a time zone.
        action: What was decided.
        reason: Why, in one sentence without a full stop.
        images: Number of distinct images in the window.
        identities: Number of identities recognised in the window.
        labelled: Number of faces with a feedback label.
        version: The version that the window was compared with.
        p_value: Of the drift test; None if the window was not tested.
        threshold: Significance level of the drift test.
        accuracy: Drop in accuracy; None without feedback.
        monitor: What the monitor of single faces had found; None in records made before it.
    """

    run: str
    when: datetime
    action: Action
    reason: str
    images: int
    identities: int
    labelled: int
    version: int
    p_value: float | None
    threshold: float
    accuracy: AccuracyDrop | None
    monitor: MonitorResult | None = None


@dataclass(frozen=True)
class DeploymentEvent:
    """A deployment or a rollback.

    Attributes:
        kind: "deployment" or "rollback".
        version: The version that was deployed.
        when: When it was deployed, with a time zone.
        reason: Why, in one sentence without a full stop.
        user: Who ran the pipeline.
    """

    kind: str
    version: int
    when: datetime
    reason: str
    user: str


@dataclass(frozen=True)
class VersionRow:
    """A model version, as a row of the page's table.

    Attributes:
        number: The version's number.
        stage: Its stage in the model registry.
        baseline_accuracy: Accuracy on its baseline test; None if unknown.
        drifted_accuracy: Accuracy on its drifted test; None if unknown.
        data: Source and version of its data.
        gate: The reason of the promotion gate.
    """

    number: int
    stage: str
    baseline_accuracy: float | None
    drifted_accuracy: float | None
    data: str
    gate: str


@dataclass(frozen=True)
class AuditEvent:
    """Something that was done to a version, to labels or to data. It names no people but users.

    Attributes:
        when: Date and time in UTC, ISO 8601.
        who: The user, or the sender of feedback.
        action: What was done, such as "deployed".
        subject: To what, such as "version 3".
        details: What else is recorded, such as a reason.
        run: Name of the pipeline run; "" if it is not recorded.
    """

    when: str
    who: str
    action: str
    subject: str
    details: str
    run: str = ""
