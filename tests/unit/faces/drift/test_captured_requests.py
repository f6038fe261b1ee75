import numpy as np

from faces.drift.captured_requests import read_captured_requests
from faces.runtime.capture_format import (
    VERIFICATION,
    feedback_record,
    model_record,
    prediction_record,
)

FACE = np.full((1, 4096), 51, np.uint8)


def record(request: str, time: float, version: str, *odds: float, faces: int = 1) -> bytes:
    pixels = np.repeat(FACE, faces, axis=0)
    answers = np.repeat(np.array([odds], np.float32), faces, axis=0)
    accepted = np.ones(faces, np.bool_)
    return b"".join(prediction_record(request, time, version, pixels, answers, accepted))


def people(version: str, *names: str) -> bytes:
    return b"".join(model_record(version, names))


def truth(request: str, time: float, *names: str) -> bytes:
    return b"".join(feedback_record(request, time, names))


def test_a_row_for_each_face_in_order_of_time_with_names_of_its_own_version() -> None:
    late = people("1", "ada", "bob") + record("b", 20.0, "1", 0.1, 0.9)
    early = people("2", "cleo", "ada") + record("a", 10.0, "2", 0.8, 0.2, faces=2)
    captured = read_captured_requests([late, early])
    table = captured.table
    assert table["request"].tolist() == ["a", "a", "b"]
    assert table["face"].tolist() == [0, 1, 0]
    assert table["person"].tolist() == ["cleo", "cleo", "bob"]
    assert np.allclose(table["confidence"], [0.8, 0.8, 0.9])
    assert table["time"].iloc[0].isoformat() == "1970-01-01T00:00:10+00:00"
    assert captured.pixels.shape == (3, 4096)
    assert np.allclose(captured.pixels, 0.2)
    assert captured.classes["2"] == ["cleo", "ada"]


def test_the_last_truth_counts_from_whichever_file() -> None:
    asked = people("1", "ada", "bob") + record("a", 1.0, "1", 0.6, 0.4)
    told = truth("a", 3.0, "bob") + truth("a", 2.0, "ada") + truth("unknown", 4.0, "ada")
    assert read_captured_requests([told, asked]).table["truth"].tolist() == ["bob"]
    assert read_captured_requests([asked]).table["truth"].tolist() == [None]


def test_damage_is_counted_and_checks_of_a_deployment_are_left_out() -> None:
    data = people("1", "ada", "bob") + record(f"{VERIFICATION}1", 1.0, "1", 0.5, 0.5)
    captured = read_captured_requests([data + record("a", 2.0, "1", 0.5, 0.5)[:-1], data])
    assert len(captured.table) == 0
    assert captured.pixels.shape == (0, 4096)
    assert captured.damaged == 1
