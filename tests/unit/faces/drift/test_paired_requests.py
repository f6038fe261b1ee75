import numpy as np
from numpy.typing import NDArray

from faces.drift.captured_requests import CapturedRequests, read_captured_requests
from faces.drift.paired_requests import pair_answers
from faces.runtime.capture_format import (
    feedback_record,
    model_record,
    prediction_record,
    shadow_record,
)
from faces.runtime.image import PIXELS

NAMES = ["ada", "bob"]


def answer(name: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    row = np.array([[0.9, 0.1] if name == "ada" else [0.1, 0.9]], np.float32)
    return row, np.array([name != "unknown"])


def request(number: int, version: str, sent: str, shadow: str | None, image: int) -> bytes:
    pixels = np.full((1, PIXELS), image, np.uint8)
    record = prediction_record(f"r{number}", float(number), version, pixels, *answer(sent))
    if shadow:
        other = {"1": "2", "2": "1"}[version]
        record = shadow_record(f"r{number}", float(number), other, *answer(shadow)) + record
    return record


def captured() -> CapturedRequests:
    return read_captured_requests(
        [
            model_record("1", NAMES) + model_record("2", NAMES),
            request(1, "1", "ada", "bob", image=9),  # before the release began
            request(2, "1", "ada", "bob", image=0),
            request(3, "2", "bob", "ada", image=1),
            request(4, "1", "ada", None, image=2),
            request(5, "2", "ada", "bob", image=0),  # the image of r2 again
            request(6, "1", "ada", "unknown", image=3),
            feedback_record("r5", 7.0, "", ["bob"]),
        ]
    )


def test_the_answers_of_both_versions_are_paired() -> None:
    asked: list[str] = []

    def similar(images: NDArray[np.float32], names: NDArray[np.str_]) -> NDArray[np.float64]:
        asked.extend(names.tolist())
        return np.where(names == "bob", 0.9, 0.1)

    answers, unanswered = pair_answers(captured(), "2", "1", int(1.5e9), similar)
    assert unanswered == 1
    assert answers.outcomes.tolist() == [1, 1, 1]
    assert answers.by_candidate.tolist() == [False, True, False]
    assert answers.people.tolist() == ["bob", "ada", "ada"]
    assert answers.candidate_refused.tolist() == [False, False, True]
    assert answers.refused_by_one.tolist() == [False, False, True]
    assert answers.times.tolist() == [int(2e9), int(3e9), int(6e9)]
    assert answers.known_people == 2
    assert asked
    assert not pair_answers(captured(), "2", "1", int(9e9), similar)[0].outcomes.size
