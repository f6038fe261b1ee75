from datetime import UTC, datetime
from typing import Any

import pytest

from faces.errors import UserError
from faces.evaluation.feedback_verification import QuarantinedLabel, QuarantineReason
from store import label_reviews
from store.label_reviews import QuarantinedFace, review_label
from store.records import LabelReference


def face(reason: QuarantineReason) -> QuarantinedFace:
    label = QuarantinedLabel(14, reason, None)
    reference = LabelReference("5d41402a-0000-0000-0000-000000000000", 14)
    when = datetime(2026, 11, 25, tzinfo=UTC)
    return QuarantinedFace("5d41402a-14", reference, label, "ada", "bob", "", when, None)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(label_reviews, "log_metadata", lambda **call: calls.append(call))
    faces = [face(QuarantineReason.NOT_ENROLLED)]
    monkeypatch.setattr(label_reviews, "quarantined_faces", lambda: faces)
    return calls


def test_a_label_of_a_person_who_is_not_enrolled_cannot_be_approved(recorded: list[Any]) -> None:
    with pytest.raises(UserError, match=r"not enrolled, .*: python run\.py --pipeline training"):
        review_label("5d41402a-14", "approved")
    assert recorded == []


def test_the_nearest_label_is_suggested(recorded: list[Any]) -> None:
    with pytest.raises(UserError, match="did you mean '5d41402a-14'"):
        review_label("5d41402a-15", "rejected")
    assert recorded == []
