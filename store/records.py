"""Records that steps pass on: what was promoted, deployed and reported."""

from collections.abc import Mapping
from dataclasses import dataclass

from faces.evaluation.open_set import OpenSetCalibration
from faces.evaluation.reproduction import Stage
from faces.models import ModelParams
from faces.reports.timeline_records import AuditEvent
from serving.settings import ServerSettings


@dataclass(frozen=True)
class Promotion:
    """What the promotion gate did with a version.

    Attributes:
        name: The model's name in the registries.
        version: The candidate's number.
        stage: The candidate's stage afterwards: "production", "none", …
        promoted: Whether it is in production because of this decision.
        reason: The gate's reason in one line.
        replaced: The version that was in production before, or that a held one would replace; None
            if there was none or it stays.
        anonymous_reason: The reason without names of people; None if `reason` has none.
        held: Whether the gate would promote the version, but a person has to approve it first.
        people: People whose labels from feedback can have caused a rejection.
    """

    name: str
    version: int
    stage: str
    promoted: bool
    reason: str
    replaced: int | None
    anonymous_reason: str | None = None
    held: bool = False
    people: tuple[str, ...] = ()

    @property
    def public_reason(self) -> str:
        """The reason without names of people."""
        return self.anonymous_reason or self.reason


@dataclass(frozen=True)
class AuditTrail:
    """Who did what on a stack.

    Attributes:
        events: Oldest first.
    """

    events: tuple[AuditEvent, ...]


@dataclass(frozen=True)
class LabelReference:
    """Where a labelled face is. It holds no name: the window has the label.

    Attributes:
        run: Id of the drift detection that tested the face's window.
        row: Row of that window.
    """

    run: str
    row: int


@dataclass(frozen=True)
class ApprovedLabels:
    """Quarantined labels of earlier windows that a person approved and no version has learned.

    Attributes:
        labels: Where their faces are.
    """

    labels: tuple[LabelReference, ...] = ()


@dataclass(frozen=True)
class ApprovalRequest:
    """A version that the gate would promote, and that a person has to approve.

    Attributes:
        version: The version's number.
        compared_with: The version in production that the gate compared it with; None if there was
            none.
        question: What to decide, with the commands that approve or reject, without names of people.
        expires: Until when it can be approved, date and time in UTC, ISO 8601.
    """

    version: int
    compared_with: int | None
    question: str
    expires: str


@dataclass(frozen=True)
class Rollout:
    """A version that was put on the endpoint.

    Attributes:
        url: The endpoint's address.
        version: The version that is served now.
        replaced: The version that was served before, None if there was none.
        note: The deployer's note, such as a restart after a crash; None for nothing.
        replaced_settings: The settings that the version before was served with.
    """

    url: str
    version: int
    replaced: int | None
    note: str | None
    replaced_settings: ServerSettings | None = None


@dataclass(frozen=True)
class Deployment:
    """The record of a deployment or a rollback.

    Attributes:
        url: The endpoint's address.
        version: The version that is served now.
        kind: "deployment" or "rollback".
        reason: Why it was deployed or rolled back, in one line.
        who: The user who did it.
        when: Date and time in UTC, ISO 8601.
        largest_difference: The largest absolute difference between a probability from the
            endpoint and the same from the trained model, on the verification images.
        replaced: The version that was served before, None if there was none.
        note: The deployer's note in one line; None for nothing.
    """

    url: str
    version: int
    kind: str
    reason: str
    who: str
    when: str
    largest_difference: float
    replaced: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class ErasurePlan:
    """What has to be live before anything is erased. Without names.

    Attributes:
        basis: The version to train again without the data; None if no training is needed.
        deploy: Whether the endpoint serves a version with the data, and needs another.
        production: The version in production, which is deployed if no training is needed.
        withdraw: Whether the endpoint ends, because too few people would be left to train with.
    """

    basis: int | None
    deploy: bool
    production: int | None
    withdraw: bool


@dataclass(frozen=True)
class ErasureReceipt:
    """What was removed where. Without names.

    Attributes:
        when: Date and time in UTC, ISO 8601.
        subjects: Keyed hashes of the people's names, and the ids of requests.
        versions: Numbers of the model versions that were deleted.
        live: The version that is served afterwards, None if nothing is deployed.
        removed: How much was removed, by place.
        remains: What stays, and why.
    """

    when: str
    subjects: tuple[str, ...]
    versions: tuple[int, ...]
    live: int | None
    removed: Mapping[str, int]
    remains: tuple[str, ...]


@dataclass(frozen=True)
class Alert:
    """An alert about the outcome of a run.

    Attributes:
        message: Its text.
        alerter: Name of the stack's alerter, None if the stack has none.
        delivered: Whether the alerter accepted it.
    """

    message: str
    alerter: str | None
    delivered: bool


@dataclass(frozen=True)
class OpenSetResult:
    """The calibration for unknown people, None if there are too few people to measure it."""

    calibration: OpenSetCalibration | None


@dataclass(frozen=True)
class SearchResult:
    """The best of a sweep.

    Attributes:
        model: The recogniser's name.
        params: Its parameters, including the seed.
        accuracy: Cross-validated accuracy.
        log_loss: Cross-validated log loss, in nats.
        tried: Trials that have a result.
        planned: Trials that were planned.
        reused: Trials whose result was recorded by an earlier run.
    """

    model: str
    params: ModelParams
    accuracy: float
    log_loss: float
    tried: int
    planned: int
    reused: int


@dataclass(frozen=True)
class TrialPlan:
    """The trials of a search that are run separately.

    Attributes:
        models: The recogniser of each.
        params: The parameters of each, without the seed.
        metrics: The metrics of each, None if it is not finished.
    """

    models: tuple[str, ...]
    params: tuple[ModelParams, ...]
    metrics: tuple[dict[str, float] | None, ...]


@dataclass(frozen=True)
class TrialResult:
    """A trial that was run separately.

    Attributes:
        model: The recogniser's name.
        params: Its parameters, without the seed.
        metrics: Its cross-validated accuracy and log loss.
        run: Name of the run that computed it.
    """

    model: str
    params: ModelParams
    metrics: dict[str, float]
    run: str


@dataclass(frozen=True)
class Reproduction:
    """A version that was trained again from what was recorded with it.

    Attributes:
        version: The version.
        stages: The stages of the training in order, each compared with the recorded result.
        environment: "recorded, now present" by name, for what differs: code, packages, machine.
    """

    version: int
    stages: tuple[Stage, ...]
    environment: Mapping[str, str]

    @property
    def first_difference(self) -> str | None:
        """The first stage that differs, and how; None if every bit is the same."""
        different = (stage for stage in self.stages if not stage.is_identical)
        return next((f"{stage.name}: {stage.difference}" for stage in different), None)


@dataclass(frozen=True)
class BatchResult:
    """What a batch inference did, beside its table of faces.

    Attributes:
        version: Number of the model version.
        rejection_threshold: Faces with a lower score are unknown; None if none are rejected.
        pictures: Number of pictures.
        continued: How many of them a killed run had finished before.
        skipped: Files without a recognised face, with the reasons.
        key: Name of the folder with results of unfinished runs.
    """

    version: int
    rejection_threshold: float | None
    pictures: int
    continued: int
    skipped: tuple[str, ...]
    key: str
