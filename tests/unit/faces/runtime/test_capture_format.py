from collections.abc import Sequence

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
)

WHITE = np.full((2, 4096), 255, np.uint8)
GREY = np.linspace(0, 1, 4096, dtype=np.float32)[None]
SURE = np.array([[0.25, 0.75]], np.float32)


def a_file() -> bytes:
    parts: list[Sequence[bytes | memoryview]] = [
        model_record("1", ["ada", "bob"]),
        prediction_record(
            "first", 1.5, "1", WHITE, np.repeat(SURE, 2, axis=0), np.array([True, False])
        ),
        prediction_record("second", 2.5, "1", GREY, SURE, np.array([True])),
        feedback_record("first", 3.5, ["ada", "bøb"]),
    ]
    return b"".join(b"".join(part) for part in parts)


def names(data: bytes) -> list[str]:
    return [str(r.head.get("id", r.kind)) for r in read_records(data)]


def prediction(data: bytes, request: str) -> CapturedRecord:
    return next(r for r in read_records(data) if r.head.get("id") == request)


def test_what_was_written_is_read() -> None:
    data = a_file()
    assert names(data) == ["model", "first", "second", "first"]
    assert count_damaged(data) == 0
    first, second = prediction(data, "first"), prediction(data, "second")
    assert np.array_equal(first.pixels, np.ones((2, 4096), np.float32))
    assert np.array_equal(second.pixels, GREY)
    assert np.array_equal(second.probabilities, SURE)
    assert np.array_equal(first.probabilities, np.repeat(SURE, 2, axis=0))
    assert first.accepted.tolist() == [True, False]
    assert second.accepted.tolist() == [True]
    assert (second.head["time"], second.head["version"]) == (2.5, "1")
    assert list(read_records(data))[-1].head["labels"] == ["ada", "bøb"]


def test_a_file_may_end_anywhere() -> None:
    data = a_file()
    ends = [0, *(record.end for record in read_records(data))]
    for length in (*range(0, len(data), 997), *ends, len(data) - 1):
        whole = sum(end <= length for end in ends[1:])
        assert len(names(data[:length])) == whole
        assert count_damaged(data[:length]) == (length not in ends)


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_damage_costs_the_record_it_hits_and_no_other(victim: int) -> None:
    data = bytearray(a_file())
    records = list(read_records(bytes(data)))
    for place in (0, 5, 17, -1):
        hurt = bytearray(data)
        at = records[victim].start + place if place >= 0 else records[victim].end - 1
        hurt[at] ^= 0xFF
        left = list(read_records(bytes(hurt)))
        assert [r.head for r in left] == [r.head for r in records if r is not records[victim]]
        assert count_damaged(bytes(hurt)) == 1


def test_pixels_that_look_like_a_record_are_none() -> None:
    inner = np.frombuffer(b"".join(feedback_record("x", 0.0, ["y"])).ljust(4096, b"\0"), np.uint8)
    data = b"".join(prediction_record("outer", 0.0, "1", inner[None], SURE, np.array([True])))
    assert names(data) == ["outer"]


def test_a_scrubbed_record_leaves_nothing_and_hurts_no_other() -> None:
    data = bytearray(a_file())
    erase(data, prediction(bytes(data), "second"))
    assert names(bytes(data)) == ["model", "first", "first"]
    assert count_damaged(bytes(data)) == 0
    assert len(data) == len(a_file())
    assert b"second" not in data
    assert GREY[0, 2000:].tobytes() not in data
