import tracemalloc

import numpy as np
import pytest

from faces.drift.captured_requests import read_captured_requests, select_window
from faces.drift.request_sample import RequestSample
from faces.runtime.capture_format import feedback_record, model_record, prediction_record

CLASSES = ["ada", "bob"]
SENT = 400


def captured(number: int, sent: int = SENT) -> bytes:
    """A file with requests of one face each; of ada until the middle, then of bob."""
    rows = np.random.default_rng(number).integers(0, 256, (sent, 4096), np.uint8)
    probabilities = np.eye(2, dtype=np.float32)
    accepted = np.ones(1, np.bool_)
    records = [
        prediction_record(
            f"r{number}-{i}", i + 1, "1", rows[i : i + 1], probabilities[[2 * i // sent]], accepted
        )
        for i in range(sent)
    ]
    feedback = [feedback_record(f"r{number}-{i}", sent + i, "eve", ["ada"]) for i in range(sent)]
    return b"".join([model_record("1", CLASSES), *records, *feedback])


def test_a_window_has_a_random_sample_of_many_requests() -> None:
    data = captured(0)
    window = select_window(read_captured_requests([data], RequestSample(100, since=0)), since=0)
    assert (len(window), window.sampled_from) == (100, SENT)
    assert 30 <= (window.predicted == "ada").sum() <= 70
    assert window.labelled.all()
    assert window.unmatched_feedback == 0, "labels of requests that are not in the sample match"
    assert (np.diff(window.times) > 0).all()
    again = select_window(read_captured_requests([data], RequestSample(100, since=0)), since=0)
    assert np.array_equal(again.times, window.times)
    other = select_window(read_captured_requests([data], RequestSample(100, 0, seed=1)), since=0)
    assert not np.array_equal(other.times, window.times)


def test_few_requests_are_all_loaded_and_earlier_ones_do_not_count() -> None:
    since = int((SENT - 50) * 1e9)
    read = read_captured_requests([captured(0)], RequestSample(100, since))
    window = select_window(read, since)
    assert (len(window), window.sampled_from) == (50, 0)


def test_memory_depends_on_the_sample_and_not_on_the_number_of_requests() -> None:
    peaks = []
    for count in (2, 8):
        files = (captured(number, sent=60) for number in range(count))
        tracemalloc.start()
        read = read_captured_requests(files, RequestSample(50, since=0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (len(read.table), read.sampled_from) == (50, 60 * count)
    assert peaks[1] == pytest.approx(peaks[0], rel=0.2)
