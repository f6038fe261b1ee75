from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faces.drift.policy import Action
from faces.evaluation.feedback_verification import FeedbackVerification
from faces.runtime.capture_format import feedback_record, model_record, prediction_record
from faces.runtime.image import PIXELS
from steps.data import late_feedback

SECOND = 1_000_000_000


def request(number: int) -> bytes:
    """A request that was answered at this second; each shows another image."""
    pixels = np.full((1, PIXELS), number, np.uint8)
    probabilities = np.array([[0.9, 0.1]], np.float32)
    return prediction_record(
        f"r{number}", float(number), "1", pixels, probabilities, np.array([True])
    )


def label(number: int, received: int) -> bytes:
    return feedback_record(f"r{number}", float(received), "", ["ada"])


def decided(until: int, labels_until: int, action: Action = Action.NONE) -> Any:
    return SimpleNamespace(action=action, until=until * SECOND, labels_until=labels_until * SECOND)


def test_labels_that_came_after_the_decision_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = model_record("1", ["ada", "bob"]) + b"".join(request(n) for n in range(1, 7))
    data += label(1, 5) + label(2, 8) + label(4, 25) + label(6, 30)
    learned: list[np.ndarray] = []
    faces = {0: SimpleNamespace(images=learned)}
    split = SimpleNamespace(train=0)
    entries = [decided(3, 6), decided(4, 0, Action.NOT_ENOUGH_EVIDENCE), decided(5, 20)]
    nobody = FeedbackVerification(0)
    for name, value in {
        "decisions": lambda: entries,
        "active_deployer": lambda: SimpleNamespace(captured=list),
        "read_files": lambda places, since: [data],
        "require_version": lambda number: number,
        "load_artifact": lambda version, name: faces if name == "faces" else split,
        "earlier_labels": lambda: None,
        "verify_feedback": lambda *_: nobody,
        "describe_run": lambda *_: None,
    }.items():
        monkeypatch.setattr(late_feedback, name, value)
    late = late_feedback.load_late_feedback(1, 0.5, 0.1)
    assert (late.times // SECOND).tolist() == [2, 4], "r1 was in time, r6 is in no window yet"
    assert late.labels.tolist() == ["ada", "ada"]
    learned.append(late.images[1])
    assert (late_feedback.load_late_feedback(1, 0.5, 0.1).times // SECOND).tolist() == [2]
    entries.clear()
    assert not len(late_feedback.load_late_feedback(1, 0.5, 0.1))
