"""What was deployed and decided when, from the artifacts that the steps leave behind."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from pydantic import TypeAdapter
from zenml import log_metadata
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.metadata.metadata_types import MetadataType

from faces.drift.accuracy import AccuracyDrop
from faces.drift.findings import FindingKind
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from faces.drift.result import MonitorResult
from store.approvals import decided_runs
from store.records import Deployment
from store.versions import all_versions

DEPLOYMENT = "deployment"
"""The artifact that each deployment and each rollback leaves."""

DECISION = "drift_decision"
"""The artifact that each drift detection leaves."""

MAX_RECORDS = 1000
"""The newest records are read, up to this number."""

ROLLBACK = "rollback"


@dataclass(frozen=True)
class DecisionEntry:
    """A decision about a window, with the figures that it was based on.

    Attributes:
        action: What was decided.
        reason: Why, in one line.
        until: The newest face of the window, in nanoseconds since 1970.
        when: Date and time of the decision in UTC, ISO 8601.
        threshold: Significance level of the drift test.
        images: Number of distinct images in the window.
        identities: Number of distinct identities that the model recognised in them.
        labelled: Number of faces with a feedback label.
        version: The model version that the window was compared with.
        p_value: Of the drift test; None if the window was too small to be tested.
        accuracy: Drop in accuracy; None if the version answered none of the labelled faces.
        run: The id of the pipeline run.
        monitor: What the monitor of single faces had found; None in records made before it.
        findings: The kinds of what was found.
        labels_until: When the latest label of the window was received, in nanoseconds since 1970.
    """

    action: Action
    reason: str
    until: int
    when: str
    threshold: float
    images: int
    identities: int
    labelled: int
    version: int
    p_value: float | None = None
    accuracy: AccuracyDrop | None = None
    run: str = ""
    monitor: MonitorResult | None = None
    findings: tuple[FindingKind, ...] = ()
    labels_until: int = 0

    @property
    def drifted(self) -> bool:
        """Whether drift was found, regardless of the action."""
        return DriftDecision(self.action, self.reason, self.findings).drifted

    @classmethod
    def create(
        cls, decision: DriftDecision, result: MonitoringResult, until: int, labels_until: int
    ) -> Self:
        """Combine a decision with the result that it is based on.

        Args:
            decision: The decision.
            result: Drift and accuracy of the window, the source of all figures.
            until: Time of the newest face of the window, in nanoseconds since 1970.
            labels_until: When the latest label of the window was received, likewise.

        Returns:
            The entry, dated now.
        """
        return cls(
            action=decision.action,
            reason=decision.reason,
            until=until,
            when=now(),
            threshold=result.drift.threshold,
            images=result.drift.images,
            identities=result.drift.identities,
            labelled=result.labelled,
            version=result.version,
            p_value=result.drift.p_value,
            accuracy=result.accuracy,
            monitor=result.monitor,
            findings=decision.findings,
            labels_until=labels_until,
        )


def record_decision(entry: DecisionEntry) -> None:
    """Attach a decision to the artifact of the running step.

    Args:
        entry: The decision; its `run` is not stored, since the artifact knows its run.
    """
    values = {name: value for name, value in asdict(entry).items() if name != "run"}
    log_record(DECISION, {**values, "findings": [kind.value for kind in entry.findings]})


def record_deployment(deployment: Deployment) -> None:
    """Attach a deployment to the artifact of the running step.

    Args:
        deployment: The deployment or rollback.
    """
    log_record(DEPLOYMENT, asdict(deployment))


def deployments() -> list[Deployment]:
    """Return deployments and rollbacks on the active stack, oldest first."""
    adapter = TypeAdapter(Deployment)
    return [adapter.validate_python(record) for record in read_records(DEPLOYMENT)]


def decisions() -> list[DecisionEntry]:
    """Return the decisions on the active stack, oldest first.

    Those of completed runs count, and of runs that wait for an approval or were rejected. Decisions
    of failed or killed runs do not: the next run decides again.
    """
    adapter = TypeAdapter(DecisionEntry)
    records = read_records(DECISION, decided_run_ids())
    return [adapter.validate_python(record) for record in records]


def decided_run_ids() -> set[UUID]:
    """Return the ids of the drift detections on the active stack whose decision counts."""
    completed = Client().list_pipeline_runs(
        pipeline_name="drift_detection",
        stack_id=Client().active_stack_model.id,
        status=ExecutionStatus.COMPLETED.value,
        sort_by="desc:created",
        size=MAX_RECORDS,
    )
    return {run.id for run in completed.items} | decided_runs()


def last_decided_at(entries: Iterable[DecisionEntry]) -> int:
    """Return the time until which captured faces have been decided on.

    Args:
        entries: Decisions in any order.

    Returns:
        Nanoseconds since 1970; 0 before the first decision.
    """
    return max((entry.until for entry in entries), default=0)


def previously_live(live: int | None) -> int | None:
    """Return the version that was live before the live one.

    Args:
        live: The live version, None if there is none. It counts even if its deployment was killed
            before it was recorded.

    Returns:
        The version that a rollback restores, None if there is none. Deleted ones are skipped.
    """
    existing = {version.number for version in all_versions()}
    records = [record for record in deployments() if record.version in existing]
    history = [(record.version, record.kind == ROLLBACK) for record in records]
    return previous_version([*history, (live, True)] if live else history)


def previous_version(history: Iterable[tuple[int, bool]]) -> int | None:
    """Return the version below the top of the stack of live versions.

    A deployment pushes its version; a rollback pops the versions above its own. So two rollbacks in
    a row go back two versions.

    Args:
        history: Version and whether it was a rollback, oldest first.

    Returns:
        The version, None if fewer than two are on the stack.
    """
    stack: list[int] = []
    for version, is_rollback in history:
        if is_rollback and version in stack:
            while stack[-1] != version:
                stack.pop()
        elif not stack or stack[-1] != version:
            stack.append(version)
    return stack[-2] if len(stack) > 1 else None


def now() -> str:
    """Return the date and time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def log_record(artifact: str, values: Mapping[str, MetadataType | None]) -> None:
    """Attach a record to an artifact of the running step, so that later runs find it.

    Args:
        artifact: The artifact's name.
        values: The record; values that are None are left out.
    """
    metadata: dict[str, MetadataType] = {
        name: value for name, value in values.items() if value is not None
    }
    stack = str(Client().active_stack_model.id)
    log_metadata(metadata={**metadata, "stack": stack}, artifact_name=artifact, infer_artifact=True)


def read_records(artifact: str, runs: set[UUID] | None = None) -> list[dict[str, MetadataType]]:
    """Read the records that steps attached to an artifact on the active stack, oldest first.

    Args:
        artifact: The artifact's name.
        runs: Only records of these runs; None for all.

    Returns:
        The records, with the id of their `run`.
    """
    client = Client()
    stack = client.active_stack_model.id
    versions = client.list_artifact_versions(
        artifact=artifact, sort_by="desc:created", size=MAX_RECORDS, hydrate=True
    ).items
    if runs is not None:
        versions = [v for v in versions if v.producer_pipeline_run_id in runs]
    return [
        {**version.run_metadata, "run": str(version.producer_pipeline_run_id)}
        for version in reversed(versions)
        if version.run_metadata.get("stack") == str(stack)
    ]
