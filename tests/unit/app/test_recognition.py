"""The page says why a face has no name."""

from typing import Any

import numpy as np
import pytest

from app.recognition import RecognisedFace


@pytest.mark.parametrize(
    ("name", "score", "threshold", "reason"),
    [
        ("ada", 2.0, 1.5, ""),
        ("ada", 2.0, None, ""),
        ("unknown", 1.0, 1.5, "not similar enough to any enrolled person"),
        ("unknown", 2.0, 1.5, "does not resemble a face"),
        ("unknown", 2.0, None, "does not resemble a face"),
    ],
)
def test_a_rejected_face_has_a_reason(
    name: str, score: float, threshold: float | None, reason: str
) -> None:
    place: Any = np.zeros(4)
    face = RecognisedFace(place, name, 0.9, score, threshold, "1", "r1", ["ada"], [], None)
    assert face.reason == reason
