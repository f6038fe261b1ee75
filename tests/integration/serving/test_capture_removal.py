import threading
import time
from pathlib import Path

import numpy as np
import pytest

from faces.drift.captured_requests import read_captured_requests
from faces.runtime.capture_format import CapturedRecord, read_records
from faces.runtime.image import PIXELS
from faces.runtime.portable import Predictions
from serving.capture import removal
from serving.capture.append_file import BUFFER_BYTES
from serving.capture.files import SUFFIX
from serving.capture.reader import delete_captured, read_files
from serving.capture.removal import remove_captured
from serving.capture.writer import Capture

ADA, BOB = "ada", "bob"


def capture(writer: Capture, request: str, label: str) -> None:
    best = np.array([[label == ADA, label == BOB]], np.float32)
    answer = Predictions(best, np.ones(1, np.float32), np.ones(1, np.bool_))
    pixels = np.full((1, PIXELS), len(request) / 10, np.float32)
    writer.prediction(request, "1", [ADA, BOB], pixels, answer)
    writer.feedback(request, "operator", [label])


def of(*requests: str) -> removal.Predicate:
    def matches(record: CapturedRecord) -> bool:
        return record.head["id"] in requests

    return matches


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = Capture(tmp_path, 10**6, 60)
    for request, label in (("one", ADA), ("three", BOB), ("seven", BOB)):
        capture(writer, request, label)
    writer.close()
    return tmp_path


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_removed_requests_leave_neither_records_nor_names(folder: Path, scheme: str) -> None:
    (file,) = folder.glob(f"*{SUFFIX}")
    (folder / f".{file.name}.123").write_bytes(file.read_bytes()[:-5])
    assert delete_captured([str(folder)], request="seven") == 1, "it leaves an empty record"
    assert remove_captured([f"{scheme}{folder}"], of("one"), [ADA]) == 1
    assert ADA.encode() not in file.read_bytes()
    assert scheme or not list(folder.glob(".*.123")), "what a killed removal left"
    assert b"GONE" not in file.read_bytes()
    rest = read_captured_requests(read_files([str(folder)]))
    assert list(rest.table["request"]) == ["three"]
    assert list(rest.table["label"]) == list(rest.table["predicted"]) == [BOB]
    assert rest.damaged == 0


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_file_of_which_nothing_remains_is_deleted(folder: Path, scheme: str) -> None:
    assert remove_captured([f"{scheme}{folder}"], of("one", "three", "seven")) == 3
    assert list(folder.glob(f"*{SUFFIX}")) == []
    assert remove_captured([f"{scheme}{folder}"], of("one")) == 0


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_file_without_anything_to_remove_is_not_written_again(
    tmp_path: Path, scheme: str
) -> None:
    writer = Capture(tmp_path, 10**6, 60)
    capture(writer, "one", ADA)
    writer.flush()
    capture(writer, "three", BOB)
    writer.close()
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    before = file.stat()
    assert before.st_size > BUFFER_BYTES, "it has free space between its records"
    assert remove_captured([f"{scheme}{tmp_path}"], of("seven"), ["nobody"]) == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert remove_captured([f"{scheme}{tmp_path}"], of("one")) == 1
    assert list(read_captured_requests(read_files([str(tmp_path)])).table["request"]) == ["three"]


def test_damaged_records_are_removed_since_nobody_knows_whose_they_are(folder: Path) -> None:
    (file,) = folder.glob(f"*{SUFFIX}")
    data = bytearray(file.read_bytes())
    first = next(record for record in read_records(bytes(data)) if record.kind == "prediction")
    data[first.end - 1] ^= 0xFF
    file.write_bytes(data)
    remove_captured([str(folder)], of())
    rest = read_captured_requests(read_files([str(folder)]))
    assert rest.damaged == 0
    assert set(rest.table["request"]) == {"three", "seven"}


def test_a_server_closes_its_file_and_goes_on_in_another(tmp_path: Path) -> None:
    writer = Capture(tmp_path, 10**6, 3600)
    capture(writer, "one", ADA)
    stopped = threading.Event()

    def rotate() -> None:
        while not stopped.wait(0.01):
            writer.rotate()

    thread = threading.Thread(target=rotate)
    thread.start()
    try:
        assert remove_captured([str(tmp_path)], of("one"), [ADA]) == 1
    finally:
        stopped.set()
        thread.join()
    capture(writer, "three", BOB)
    writer.rotate()
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == 1, "asked once, it closes once"
    writer.close()
    assert list(read_captured_requests(read_files([str(tmp_path)])).table["request"]) == ["three"]


def test_a_server_that_does_not_close_its_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CLOSE_TIMEOUT_SECONDS", 0.1)
    writer = Capture(tmp_path, 10**6, 3600)
    capture(writer, "one", ADA)
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="does not close"):
        remove_captured([str(tmp_path)], of("one"))
    assert time.monotonic() - started < 2
