"""Approvals: runs that wait for a person, as wait conditions of ZenML, and their resolutions.

A waiting run has no process: ZenML marks it as paused. So it survives a restart of the machine, and
holds no lock. Resolving its condition with "continue" approves, with "abort" rejects; ZenML's own
command and dashboard do the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from zenml.client import Client
from zenml.enums import (
    ExecutionStatus,
    MetadataResourceTypes,
    RunWaitConditionResolution,
)
from zenml.models import RunMetadataResource, RunWaitConditionResponse

from store.users import user_name

APPROVAL = "approval"
"""Name of the wait condition."""

APPROVED, REJECTED, EXPIRED = "approved", "rejected", "expired"
"""Answers to a request. Without an answer in time it has expired."""

WHO, ANSWER, OUTCOME = "who", "answer", "outcome"
MAX_CONDITIONS = 1000
"""The newest approvals are read, up to this number."""


@dataclass(frozen=True)
class Approval:
    """A request for an approval, and its answer.

    Attributes:
        id: Id of the wait condition.
        run: Name of the run.
        run_id: Its id.
        run_status: Its status; "paused" until it is resumed.
        version: The version that waits.
        compared_with: The version in production that it was compared with; None if there was none.
        question: What to decide, without names of people.
        requested: When the run started to wait, with a time zone.
        expires: Until when it can be approved, with a time zone.
        answer: "approved", "rejected" or "expired"; None while it waits.
        who: Who answered; "" while it waits.
        answered: When it was answered, with a time zone; None while it waits.
        outcome: What became of the approval, if the resumed run had ended before it completed.
    """

    id: UUID
    run: str
    run_id: UUID
    run_status: ExecutionStatus
    version: int
    compared_with: int | None
    question: str
    requested: datetime
    expires: datetime
    answer: str | None
    who: str
    answered: datetime | None
    outcome: str | None = None

    @property
    def in_time(self) -> bool:
        """Whether it was answered, or can still be answered, before it expires."""
        return (self.answered or datetime.now(UTC)) <= self.expires

    @property
    def waits(self) -> bool:
        """Whether the run waits for an answer."""
        return self.answer is None and self.run_status == ExecutionStatus.PAUSED

    @property
    def is_open(self) -> bool:
        """Whether it can be approved, or has been approved without resuming the run."""
        return (self.waits and self.in_time) or self.can_resume

    @property
    def can_resume(self) -> bool:
        """Whether the run was approved and has not been resumed."""
        return self.answer == APPROVED and self.run_status == ExecutionStatus.PAUSED

    @property
    def was_interrupted(self) -> bool:
        """Whether the run was approved and ended before it completed, and nobody acted on it."""
        failed = self.run_status == ExecutionStatus.FAILED
        return self.answer == APPROVED and failed and self.outcome is None

    @property
    def decides(self) -> bool:
        """Whether the drift decision of its run counts."""
        return self.answer == APPROVED or self.run_status != ExecutionStatus.FAILED


def approvals() -> list[Approval]:
    """Return all approvals on the active stack, oldest first, with those that wait."""
    page = Client().list_run_wait_conditions(
        name=APPROVAL, sort_by="desc:created", size=MAX_CONDITIONS, hydrate=True
    )
    stack = str(Client().active_stack_model.id)
    return [
        _approval(condition)
        for condition in reversed(page.items)
        if condition.run_metadata.get("stack") == stack
    ]


def approval_of(run: UUID) -> Approval:
    """Return the approval of a run.

    Args:
        run: The id of a run that has waited.

    Raises:
        LookupError: If the run has not waited for an approval.
    """
    for approval in approvals():
        if approval.run_id == run:
            return approval
    raise LookupError(f"the run {run} has not waited for an approval")


def decided_runs() -> set[UUID]:
    """Return the ids of runs whose drift decision a person decides on, or has decided on."""
    return {approval.run_id for approval in approvals() if approval.decides}


def condition_metadata(
    version: int, compared_with: int | None, expires: str
) -> dict[str, str | int]:
    """Return what a wait condition records about a request.

    Args:
        version: The version that waits.
        compared_with: The version that it was compared with; None if there was none.
        expires: Until when it can be approved, ISO 8601.
    """
    stack = str(Client().active_stack_model.id)
    return {
        "version": version,
        "compared_with": compared_with or 0,
        "expires": expires,
        "stack": stack,
    }


def answer(approval: Approval, answered: str) -> None:
    """Record an answer. An approved run then has to be resumed; a rejected one has ended.

    Args:
        approval: An approval that waits.
        answered: "approved", "rejected" or "expired".
    """
    client = Client()
    # Recorded first: resolving ends a rejected run.
    resource = RunMetadataResource(id=approval.id, type=MetadataResourceTypes.WAIT_CONDITION)
    who = "" if answered == EXPIRED else user_name()
    client.create_run_metadata({WHO: who, ANSWER: answered}, [resource])
    client.resolve_run_wait_condition(
        approval.id,
        RunWaitConditionResolution.CONTINUE
        if answered == APPROVED
        else RunWaitConditionResolution.ABORT,
    )


def record_outcome(approval: Approval, outcome: str) -> None:
    """Record what became of an approval whose run was interrupted: it is acted on once.

    Args:
        approval: The approval.
        outcome: The result, in one line.
    """
    resource = RunMetadataResource(id=approval.id, type=MetadataResourceTypes.WAIT_CONDITION)
    Client().create_run_metadata({OUTCOME: outcome}, [resource])


def expire_approvals() -> Iterator[Approval]:
    """End the runs that were not answered in time. Production stays as it is.

    Yields:
        Those runs' approvals.
    """
    for approval in approvals():
        if approval.waits and not approval.in_time:
            answer(approval, EXPIRED)
            yield approval


def _approval(condition: RunWaitConditionResponse) -> Approval:
    recorded = condition.run_metadata
    return Approval(
        id=condition.id,
        run=condition.run.name,
        run_id=condition.run.id,
        run_status=condition.run.status,
        version=int(str(recorded["version"])),
        compared_with=int(str(recorded["compared_with"])) or None,
        question=condition.question or "",
        requested=condition.created.replace(tzinfo=UTC),
        expires=datetime.fromisoformat(str(recorded["expires"])),
        answer=_answer_of(condition),
        who=_who_answered(condition),
        answered=condition.resolved_at and condition.resolved_at.replace(tzinfo=UTC),
        outcome=str(recorded[OUTCOME]) if OUTCOME in recorded else None,
    )


def _answer_of(condition: RunWaitConditionResponse) -> str | None:
    if condition.resolution is None:
        return None
    if condition.resolution == RunWaitConditionResolution.CONTINUE:
        return APPROVED
    return EXPIRED if condition.run_metadata.get(ANSWER) == EXPIRED else REJECTED


def _who_answered(condition: RunWaitConditionResponse) -> str:
    """Return who answered: as recorded, or the ZenML user who used ZenML's command or dashboard."""
    if condition.resolution is None:
        return ""
    if WHO in condition.run_metadata:
        return str(condition.run_metadata[WHO])
    user = condition.resolved_by_user_id
    return f"{Client().get_user(user).name} in ZenML" if user else "unknown"
