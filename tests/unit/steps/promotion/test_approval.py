from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from zenml.enums import ExecutionStatus

from faces.drift.policy import Action, DriftDecision
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
)
from steps.promotion import promote_approved
from steps.promotion.promote_approved import why_refused
from steps.promotion.request_approval import describe_answers, describe_request
from store.approvals import Approval
from store.records import Promotion

EXPIRES = datetime(2026, 11, 28, 20, tzinfo=UTC)


def approval(answered: datetime | None = EXPIRES, answer: str | None = "approved") -> Approval:
    return Approval(
        uuid4(), "drift-1", uuid4(), ExecutionStatus.PAUSED, 3, 1, "", EXPIRES, EXPIRES,
        answer, "ada", answered,
    )  # fmt: skip


def version(number: int, stage: str | None = None) -> Any:
    recorded = {"gate": "held for approval: better"}
    return SimpleNamespace(id=uuid4(), number=number, stage=stage, run_metadata=recorded)


@pytest.mark.parametrize(
    ("production", "late", "refusal"),
    [
        (version(1), timedelta(0), None),
        (version(1), timedelta(seconds=1), "it was approved after the request had expired"),
        (version(2), timedelta(0), "production has changed: version 2 is in production"),
        (None, timedelta(0), "production has changed: no version is in production"),
    ],
)
def test_an_approval_holds_for_the_compared_production_and_in_time(
    production: Any, late: timedelta, refusal: str | None
) -> None:
    reason = why_refused(approval(EXPIRES + late), version(3), production)
    assert reason == refusal if refusal is None else str(reason).startswith(str(refusal))


def test_a_run_waits_until_it_is_answered_or_expires() -> None:
    soon = datetime.now(UTC) - timedelta(seconds=1)
    waiting = approval(answered=None, answer=None)
    assert waiting.waits
    assert not waiting.can_resume
    assert approval(answered=soon).can_resume
    assert not approval(answered=soon, answer="rejected").can_resume


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "interrupted", "decides"),
    [
        (ExecutionStatus.FAILED, "approved", None, True, True),
        (ExecutionStatus.FAILED, "approved", "promoted", False, True),
        (ExecutionStatus.COMPLETED, "approved", None, False, True),
        (ExecutionStatus.STOPPED, "rejected", None, False, True),
        (ExecutionStatus.FAILED, None, None, False, False),
    ],
)
def test_an_approval_whose_run_had_ended_too_early_is_acted_on_once(
    status: ExecutionStatus, answer: str | None, outcome: str | None, interrupted: bool,
    decides: bool,
) -> None:  # fmt: skip
    found = replace(approval(answer=answer), run_status=status, outcome=outcome)
    assert (found.was_interrupted, found.decides) == (interrupted, decides)
    assert not found.can_resume


def test_a_version_is_not_promoted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run was killed after the promotion; perhaps it was rolled back since."""
    candidate = version(3, "production")
    synced: list[str] = []
    monkeypatch.setattr(promote_approved, "require_version", lambda number: candidate)
    monkeypatch.setattr(promote_approved, "production_version", lambda: candidate)
    monkeypatch.setattr(promote_approved, "sync_champion", lambda: synced.append("champion"))
    monkeypatch.setattr(promote_approved, "sign_version", lambda *args: synced.extend(args[1:]))
    assert promote_approved.promote(approval()) is None
    assert synced == ["better", "ada", "champion"]
    candidate.stage = "archived"
    monkeypatch.setattr(promote_approved, "production_version", lambda: version(1, "production"))
    assert promote_approved.promote(approval()) == "it was in production, and was replaced since"


def test_the_request_says_what_was_found_and_how_to_answer_and_names_nobody() -> None:
    held = Promotion("face-recognizer", 3, "none", False, "held for approval: better", 1, held=True)
    label = QuarantinedLabel(0, QuarantineReason.IMPLAUSIBLE, 0.2)
    question = describe_request(
        held, DriftDecision(Action.RETRAIN, "Data drift"), FeedbackVerification(9, (label,))
    )
    assert question == (
        "Data drift. Quarantined labels: 1 implausible. "
        "Version 3 was trained and held for approval: better."
    )
    answers = describe_answers("drift-1", EXPIRES)
    for part in ("review --approve drift-1.", "review --reject drift-1.", "2026-11-28 20:00 UTC"):
        assert part in answers
