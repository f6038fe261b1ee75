import numpy as np
import pandas as pd

from app.labelling import faces_to_label
from faces.drift.captured_requests import COLUMNS, CapturedRequests


def captured(rows: list[tuple[str, int, str, float, str | None, int]]) -> CapturedRequests:
    """Rows of request, face, predicted, confidence, label and which image."""
    table = pd.DataFrame(
        [
            (request, face, float(number), "1", predicted, confidence, label, "", None, None)
            for number, (request, face, predicted, confidence, label, _) in enumerate(rows)
        ],
        columns=COLUMNS,
    )
    table["time"] = pd.to_datetime(table["time"], unit="s", utc=True)
    pixels = np.random.default_rng(0).random((20, 4096)).astype(np.float32)
    return CapturedRequests(table, pixels[[row[-1] for row in rows]], {}, {}, 0, 0)


def test_unknown_and_uncertain_faces_come_first_and_each_image_once() -> None:
    faces = faces_to_label(
        captured(
            [
                ("sure", 0, "ada", 0.9, None, 0),
                ("unsure", 0, "ada", 0.3, None, 1),
                ("unknown", 0, "unknown", 0.8, None, 2),
                ("labelled", 0, "ada", 0.1, "bob", 3),
                ("like-labelled", 0, "ada", 0.1, None, 3),
                ("two", 0, "ada", 0.1, None, 4),
                ("two", 1, "ada", 0.1, None, 5),
                ("again", 0, "ada", 0.3, None, 1),
            ]
        )
    )
    assert [face.request for face in faces] == ["unknown", "again", "sure"]
    assert faces[0].image.shape == (64, 64)


def test_without_captured_requests_there_is_nothing_to_label() -> None:
    assert faces_to_label(captured([])) == []
