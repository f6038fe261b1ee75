import numpy as np
import pytest

from faces.runtime.capture_format import (
    CapturedRecord,
    count_damaged,
    erase,
    feedback_record,
    model_record,
    prediction_record,
    read_records,
    shadow_record,
)
from faces.runtime.portable import Predictions

WHITE = np.full((2, 4096), 255, np.uint8)
GREY = np.linspace(0, 1, 4096, dtype=np.float32)[None]
PROBABILITIES = np.array([[0.25, 0.75]], np.float32)
ACCEPTED = np.ones(1, np.bool_)


def capture_file() -> bytes:
    records = [
        model_record("1", ["ada", "bob"]),
        prediction_record(
            "first", 1.5, "1", WHITE, np.repeat(PROBABILITIES, 2, axis=0), np.array([True, False])
        ),
        prediction_record("second", 2.5, "1", GREY, PROBABILITIES, ACCEPTED),
        feedback_record("first", 3.5, "eve", ["ada", "bøb"]),
    ]
    return b"".join(records)


def ids(data: bytes) -> list[str]:
    return [str(r.head.get("id", r.kind)) for r in read_records(data)]


def prediction(data: bytes, request: str) -> CapturedRecord:
    return next(r for r in read_records(data) if r.head.get("id") == request)


def test_records_round_trip() -> None:
    data = capture_file()
    assert ids(data) == ["model", "first", "second", "first"]
    assert count_damaged(data) == 0
    first, second = prediction(data, "first"), prediction(data, "second")
    assert np.array_equal(first.pixels, np.ones((2, 4096), np.float32))
    assert np.array_equal(first.probabilities, np.repeat(PROBABILITIES, 2, axis=0))
    assert np.array_equal(second.pixels, GREY)
    assert np.array_equal(second.probabilities, PROBABILITIES)
    assert (second.head["time"], second.head["version"]) == (2.5, "1")
    assert next(iter(read_records(data))).head["classes"] == ["ada", "bob"]
    assert list(read_records(data))[-1].head["labels"] == ["ada", "bøb"]


def test_a_prediction_says_which_faces_were_accepted() -> None:
    data = capture_file()
    assert prediction(data, "first").accepted.tolist() == [True, False]
    assert prediction(data, "second").accepted.tolist() == [True]
    assert prediction(data, "first").accepted.dtype == np.bool_


def test_a_file_may_end_anywhere() -> None:
    data = capture_file()
    ends = [0, *(record.end for record in read_records(data))]
    for length in (*range(0, len(data), 997), *ends, len(data) - 1):
        complete = sum(end <= length for end in ends[1:])
        assert len(ids(data[:length])) == complete
        assert count_damaged(data[:length]) == (length not in ends)
        assert count_damaged(data[:length] + bytes(999)) == (length not in ends)


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_damage_affects_no_other_record(victim: int) -> None:
    data = bytearray(capture_file())
    records = list(read_records(bytes(data)))
    for offset in (0, 5, 17, -1):
        damaged = bytearray(data)
        at = records[victim].start + offset if offset >= 0 else records[victim].end - 1
        damaged[at] ^= 0xFF
        remaining = list(read_records(bytes(damaged)))
        assert [r.head for r in remaining] == [r.head for r in records if r is not records[victim]]
        assert count_damaged(bytes(damaged)) == 1


def test_pixels_that_resemble_a_record_are_not_read_as_one() -> None:
    record = feedback_record("x", 0.0, "", ["y"]).ljust(4096, b"\0")
    pixels = np.frombuffer(record, np.uint8)[None]
    data = prediction_record("outer", 0.0, "1", pixels, PROBABILITIES, ACCEPTED)
    assert ids(data) == ["outer"]


def test_an_erased_record_leaves_no_content_and_affects_no_other_record() -> None:
    data = bytearray(capture_file())
    erase(data, prediction(bytes(data), "second"))
    assert ids(bytes(data)) == ["model", "first", "first"]
    assert count_damaged(bytes(data)) == 0
    assert len(data) == len(capture_file())
    assert b"second" not in data
    assert GREY[0, 2000:].tobytes() not in data


def test_of_a_large_model_the_most_probable_classes_are_kept() -> None:
    probabilities = np.array([[0.1, 0.2, 0.7], [0.5, 0.1, 0.4]], np.float32)
    accepted = np.array([True, False])
    columns = Predictions(probabilities, probabilities[:, 0], accepted).most_probable(2)
    data = prediction_record("a", 1.0, "1", WHITE, probabilities, accepted, columns)
    data += shadow_record("a", 1.0, "2", probabilities, accepted, columns)
    for record in read_records(data):
        assert record.probabilities == pytest.approx(np.array([[0.7, 0.2], [0.5, 0.4]]))
        assert record.columns is not None
        assert record.columns.tolist() == [[2, 1], [0, 2]]
        assert record.accepted.tolist() == [True, False]
    assert np.array_equal(prediction(data, "a").pixels, np.ones((2, 4096), np.float32))
    assert prediction(capture_file(), "first").columns is None
