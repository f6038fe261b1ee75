import json
import zlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

from faces.drift.captured_requests import COLUMNS, read_captured_requests, select_window
from faces.runtime.capture_format import (
    FRAME,
    MAGIC,
    VERIFICATION,
    feedback_record,
    model_record,
    prediction_record,
)


def face(shade: int, faces: int = 1) -> np.ndarray:
    return np.full((faces, 4096), shade, np.uint8)


def prediction(
    request: str,
    time: float,
    version: str,
    *probabilities: float,
    faces: int = 1,
    shade: int = 51,
    accepted: bool = True,
) -> bytes:
    rows = np.repeat(np.array([probabilities], np.float32), faces, axis=0)
    flags = np.full(faces, accepted)
    return prediction_record(request, time, version, face(shade, faces), rows, flags)


def classes(version: str, *labels: str) -> bytes:
    return model_record(version, labels)


def fill_freed_memory(value: float) -> None:
    """Leave a value in memory that arrays of a few numbers get next."""
    arrays = [np.full(size, value) for size in range(1, 20) for _ in range(8)]
    del arrays


def feedback(request: str, time: float, *labels: str, sender: str = "") -> bytes:
    return feedback_record(request, time, sender, labels)


def feedback_without_sender(request: str, time: float, label: str) -> bytes:
    """A record of the format before senders were captured."""
    head = json.dumps({"kind": "feedback", "id": request, "time": time, "labels": [label]}).encode()
    return FRAME.pack(MAGIC, len(head), 0, zlib.crc32(head)) + head


KNOWN = classes("1", "ada", "bob")


def test_a_row_for_each_face_ordered_by_time_with_the_classes_of_its_version() -> None:
    late = KNOWN + prediction("b", 20.0, "1", 0.1, 0.9)
    early = classes("2", "cleo", "ada") + prediction("a", 10.0, "2", 0.8, 0.2, faces=2)
    captured = read_captured_requests([late, early])
    table = captured.table
    assert list(table) == COLUMNS
    assert table["request"].tolist() == ["a", "a", "b"]
    assert table["face"].tolist() == [0, 1, 0]
    assert table["predicted"].tolist() == ["cleo", "cleo", "bob"]
    assert np.allclose(table["confidence"], [0.8, 0.8, 0.9])
    assert table["time"].iloc[0].isoformat() == "1970-01-01T00:00:10+00:00"
    assert captured.pixels.shape == (3, 4096)
    assert np.allclose(captured.pixels, 0.2)
    assert captured.classes["2"] == ["cleo", "ada"]


def test_a_rejected_face_stays_unknown() -> None:
    data = KNOWN + prediction("a", 1.0, "1", 0.1, 0.9, accepted=False)
    data += prediction("b", 2.0, "1", 0.1, 0.9)
    table = read_captured_requests([data]).table
    assert table["predicted"].tolist() == ["unknown", "bob"]
    assert np.allclose(table["confidence"], 0.9)
    assert np.allclose(np.stack(table["probabilities"]), [[0.1, 0.9]] * 2)


def test_the_latest_feedback_counts_whichever_file_it_is_in() -> None:
    requests = KNOWN + prediction("a", 1.0, "1", 0.6, 0.4)
    labels = feedback("a", 3.0, "bob") + feedback("a", 2.0, "ada")
    captured = read_captured_requests([labels, requests])
    assert captured.table["label"].tolist() == ["bob"]
    assert captured.unmatched_feedback == 0
    assert read_captured_requests([requests]).table["label"].tolist() == [None]


def test_feedback_that_matches_no_request_is_ignored_and_counted() -> None:
    requests = KNOWN + prediction("a", 1.0, "1", 0.6, 0.4, faces=2)
    labels = (
        feedback("a", 2.0, "ada", "bob")
        + feedback("a", 3.0, "ada")
        + feedback("a", 4.0, "ada", "bob", "ada")
        + feedback("other", 5.0, "ada")
    )
    captured = read_captured_requests([requests, labels])
    assert captured.table["label"].tolist() == ["ada", "bob"]
    assert captured.unmatched_feedback == 3


def test_damage_is_counted_and_verification_requests_are_left_out() -> None:
    data = KNOWN + prediction(f"{VERIFICATION}1", 1.0, "1", 0.5, 0.5)
    captured = read_captured_requests([data + prediction("a", 2.0, "1", 0.5, 0.5)[:-1], data])
    assert len(captured.table) == 0
    assert captured.pixels.shape == (0, 4096)
    assert captured.damaged == 1


def traffic() -> bytes:
    """Four requests, the second and the fourth with the same image."""
    return (
        KNOWN
        + prediction("a", 1.0, "1", 0.9, 0.1, shade=10)
        + prediction("b", 2.0, "1", 0.8, 0.2, shade=20)
        + prediction("c", 3.0, "1", 0.7, 0.3, shade=30, accepted=False)
        + prediction("d", 4.0, "1", 0.3, 0.7, shade=20)
        + feedback("b", 5.0, "ada")
        + feedback("d", 6.0, "bob")
        + feedback("other", 7.0, "bob")
    )


def test_a_window_has_each_image_once_with_its_latest_answer() -> None:
    window = select_window(read_captured_requests([traffic()]), since=0)
    assert window.predicted.tolist() == ["ada", "unknown", "bob"]
    assert window.labels.tolist() == ["", "", "bob"]
    assert window.labelled.tolist() == [False, False, True]
    assert window.times.tolist() == [1_000_000_000, 3_000_000_000, 4_000_000_000]
    assert window.versions.tolist() == ["1", "1", "1"]
    assert np.allclose(window.confidence, [0.9, 0.7, 0.7])
    assert np.allclose(window.images[:, 0, 0] * 255, [10, 30, 20])
    assert (window.damaged, window.unmatched_feedback) == (0, 1)


def test_a_window_has_the_faces_since_a_time_or_the_last_ones() -> None:
    captured = read_captured_requests([traffic()])
    assert select_window(captured, since=1_000_000_000).predicted.tolist() == ["unknown", "bob"]
    assert select_window(captured, since=0, last=1).predicted.tolist() == ["bob"]
    assert len(select_window(captured, since=4_000_000_000)) == 0


def test_rows_of_a_window_keep_its_counts() -> None:
    window = select_window(read_captured_requests([traffic()]), since=0)
    part = window[window.labelled]
    assert (len(part), part.predicted.tolist(), part.unmatched_feedback) == (1, ["bob"], 1)
    assert part.images.shape == (1, 64, 64)


def test_a_label_has_its_sender_and_the_time_when_it_was_received() -> None:
    data = KNOWN + prediction("a", 1.0, "1", 0.1, 0.9, shade=1)
    data += prediction("b", 2.0, "1", 0.1, 0.9, shade=2) + prediction("c", 3.0, "1", 0.1, 0.9)
    data += feedback("a", 4.0, "bob", sender="ada") + feedback("a", 5.5, "ada", sender="bob")
    data += feedback_without_sender("b", 6.0, "ada")
    captured = read_captured_requests([data])
    assert captured.table["sender"].tolist() == ["bob", "", None]
    window = select_window(captured, since=0)
    assert window.labels.tolist() == ["ada", "ada", ""]
    assert window.senders.tolist() == ["bob", "", ""]
    assert window.label_times.tolist() == [5_500_000_000, 6_000_000_000, 0]


def test_missing_label_times_do_not_depend_on_what_memory_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pandas multiplies numbers that it has not initialised where a time is missing."""
    records = [prediction(f"r{n}", 10.0 + n, "1", 0.9, 0.1, shade=n) for n in range(6)]
    file = MAGIC + classes("1", "a", "b") + b"".join(records) + feedback("r2", 30.5, "b")

    def convert(*args: Any, **options: Any) -> Any:
        fill_freed_memory(1e308)
        return to_datetime(*args, **options)

    to_datetime = pd.to_datetime
    monkeypatch.setattr(pd, "to_datetime", convert)
    for _ in range(20):
        table = read_captured_requests([file]).table
        assert table["label_time"].isna().tolist() == [True, True, False, True, True, True]
        assert table["label_time"][2].timestamp() == 30.5


def test_the_identity_of_a_large_models_answer_is_its_most_probable_class() -> None:
    rows, columns = np.array([[0.1, 0.3, 0.6]], np.float32), np.array([[2, 1]], np.int32)
    known = np.ones(1, np.bool_)
    record = prediction_record("a", 1.0, "1", face(51), rows, known, columns)
    table = read_captured_requests([classes("1", "ada", "bob", "eve") + record]).table
    assert table["predicted"].tolist() == ["eve"]
    assert np.allclose(np.stack(table["probabilities"]), [[0.6, 0.3]])
