"""Captured requests: when files are rotated, where they are moved, and how they are deleted."""

import fcntl
import json
import os
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from faces.client import send_faces, send_feedback
from faces.data.dataset import Faces
from faces.drift.captured_requests import CapturedRequests, read_captured_requests
from faces.runtime import capture_format
from faces.runtime.capture_format import PREDICTION, read_records
from faces.runtime.portable import UNKNOWN, PortableModel, Predictions
from serving.capture import locks, reader, retention
from serving.capture.append_file import AppendFile
from serving.capture.files import SUFFIX
from serving.capture.locks import folder_lock
from serving.capture.reader import delete_captured, read_files
from serving.capture.removal import remove_captured
from serving.capture.writer import Capture
from serving.settings import ServerSettings
from tests.integration.serving.conftest import server_settings

FACE = np.full((1, 4096), 128, np.uint8)
BOB = Predictions(
    np.array([[0.25, 0.75]], np.float32), np.ones(1, np.float32), np.ones(1, np.bool_)
)
CLASSES = ["ada", "bob"]


def write(capture: Capture, *request_ids: str, version: str = "1") -> None:
    for request in request_ids:
        capture.prediction(request, version, CLASSES, FACE, BOB)


def read(*locations: object) -> CapturedRequests:
    return read_captured_requests(read_files([str(location) for location in locations]))


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob(f"*{SUFFIX}"))


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    return Capture(tmp_path / "captured", rotate_bytes=10**9, rotate_seconds=3600)


def test_requests_and_feedback_sent_over_http_are_captured(
    server: ServerSettings, drawn: Faces
) -> None:
    answer = send_faces(server.url, drawn.pixels[:2], request="together")
    send_feedback(server.url, "together", ["someone", drawn.labels[1]])
    captured = read(server.capture_folder)
    table = captured.table
    assert table["request"].tolist() == ["together", "together"]
    assert table["label"].tolist() == ["someone", drawn.labels[1]]
    assert captured.pixels.tobytes() == drawn.pixels[:2].tobytes()
    assert np.allclose(np.stack(table["probabilities"]), answer.probabilities, atol=1e-6)
    assert abs(table["time"].iloc[0].timestamp() - time.time()) < 60


def test_a_face_answered_unknown_is_unknown_in_its_captured_record(
    start, portable: PortableModel, drawn: Faces
) -> None:
    threshold = float(np.median(portable.predict_with_score(drawn.pixels)[1]))
    server = start(model=replace(portable, rejection_threshold=threshold))
    answer = send_faces(server.url, drawn.pixels)
    assert 0 < answer.predicted.count(UNKNOWN) < len(drawn)
    records = [r for data in read_files([str(server.capture_folder)]) for r in read_records(data)]
    (record,) = (r for r in records if r.kind == PREDICTION)
    assert record.accepted.tolist() == [name != UNKNOWN for name in answer.predicted]
    best = np.array(answer.classes)[record.probabilities.argmax(axis=1)]
    assert np.where(record.accepted, best, UNKNOWN).tolist() == answer.predicted


def test_feedback_that_matches_no_request_is_accepted_and_ignored_by_the_reader(
    start, drawn: Faces
) -> None:
    server = start()
    send_faces(server.url, drawn.pixels[:2], request="two-faces")
    send_feedback(server.url, "another-server-may-know-it", ["someone"])
    send_feedback(server.url, "two-faces", ["only one label"])
    assert read(server.capture_folder).table["label"].tolist() == [None, None]
    send_feedback(server.url, "two-faces", ["ada", "bob"])
    assert read(server.capture_folder).table["label"].tolist() == ["ada", "bob"]


def test_captured_files_are_readable_by_their_owner_only(
    server: ServerSettings, drawn: Faces
) -> None:
    send_faces(server.url, drawn.pixels[:1])
    folder = server.capture_folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir())
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_request_that_cannot_be_captured_is_not_answered(start, drawn: Faces) -> None:
    message: Any = {"data": {"ndarray": [drawn.pixels[0].astype(float).tolist()]}}
    truth: Any = {"response": {"meta": {"puid": "a"}}, "truth": {"strData": "ada"}}
    server = start(rotate_seconds=0)  # each request starts a new file
    predict, feedback = f"{server.url}/api/v1.0/predictions", f"{server.url}/api/v1.0/feedback"
    assert requests.post(predict, json=message, timeout=5).ok
    folder = server.capture_folder
    folder.rename(folder.with_name("moved"))
    for url, body, what in ((predict, message, "request"), (feedback, truth, "feedback")):
        response = requests.post(url, json=body, timeout=5)
        assert response.status_code == 503
        assert f"the {what} cannot be captured" in response.json()["status"]["info"]
    folder.with_name("moved").rename(folder)
    assert requests.post(predict, json=message, timeout=5).ok
    assert requests.post(feedback, json=truth, timeout=5).ok


def test_a_new_file_is_started_when_the_old_one_is_large(tmp_path: Path) -> None:
    capture = Capture(tmp_path, rotate_bytes=10_000, rotate_seconds=3600)
    write(capture, *[f"r{number}" for number in range(10)])
    assert len(files(tmp_path)) == 4
    assert capture.closed == 3
    assert read(tmp_path).table["request"].tolist() == [f"r{n}" for n in range(10)]


def test_a_new_file_is_started_when_the_old_one_is_old(tmp_path: Path) -> None:
    capture = Capture(tmp_path, rotate_bytes=10**9, rotate_seconds=0.05)
    write(capture, "a")
    assert list(retention.closed_files(tmp_path)) == []
    time.sleep(0.06)
    capture.rotate()
    assert [file.name for file in retention.closed_files(tmp_path)] == files(tmp_path)
    write(capture, "b")
    assert len(files(tmp_path)) == 2
    assert len(list(retention.closed_files(tmp_path))) == 1


def test_each_file_contains_the_classes_of_its_versions(tmp_path: Path) -> None:
    capture = Capture(tmp_path, rotate_bytes=10_000, rotate_seconds=3600)
    write(capture, "a", "b")
    write(capture, "c", version="2")
    write(capture, "d", "e")
    for file in tmp_path.glob(f"*{SUFFIX}"):
        captured = read_captured_requests([file.read_bytes()])
        assert set(captured.table["version"]) <= set(captured.classes)
        assert all(classes == CLASSES for classes in captured.classes.values())
    assert len(read(tmp_path).table) == 5


def test_concurrent_requests_are_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended: list[list[str]] = []
    started = ["r0"]

    def append(file: AppendFile, data: bytes) -> None:
        appended.append([r.head["id"] for r in read_records(data) if r.kind == PREDICTION])

    def pause() -> None:
        if len(started) < 4:
            started.append(f"r{len(started)}")
            write(writer, started[-1])

    monkeypatch.setattr(AppendFile, "append", append)
    writer = Capture(tmp_path, 10**9, 3600, pause=pause)
    write(writer, "r0")
    assert appended == [["r0", "r1", "r2", "r3"]]


def test_a_request_without_others_is_not_kept_waiting(tmp_path: Path) -> None:
    paused: list[bool] = []
    writer = Capture(tmp_path, 10**9, 3600, lambda: False, lambda: paused.append(True))
    write(writer, "a", "b")
    writer.feedback("a", "", ["ada"])
    assert len(paused) == 1, "only when it starts a file"
    assert read(tmp_path).table["label"].tolist() == ["ada", None]


def test_a_failed_write_fails_all_requests_that_were_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    failed: list[str] = []

    def pause() -> None:
        if started == ["r0"]:
            started.append("r1")
            try:
                write(writer, "r1")
            except OSError:
                failed.append("r1")

    writer = Capture(tmp_path, 10**9, 3600, pause=pause)
    write(writer, "before")
    real_write = os.pwrite

    def write_only_100_bytes(file: int, data: bytes, offset: int) -> int:
        return real_write(file, data[:100], offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write_only_100_bytes)
        patch.setattr("serving.capture.append_file.LARGE_BYTES", 0)
        started.append("r0")
        with pytest.raises(OSError, match="disk full"):
            write(writer, "r0")
    assert failed == ["r1"]
    write(writer, "after")
    captured = read(tmp_path)
    assert captured.table["request"].tolist() == ["before", "after"]
    assert captured.damaged == 0, "the incomplete record was cut off"


def test_a_record_that_cannot_be_encoded_fails_all_requests_that_were_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = ["r0"]

    def fail(*_: object) -> bytes:
        raise MemoryError

    def pause() -> None:
        if len(started) < 2:
            started.append("r1")
            with pytest.raises(MemoryError):
                write(writer, "r1")

    writer = Capture(tmp_path, 10**9, 3600, pause=pause)
    with monkeypatch.context() as patch:
        patch.setattr("serving.capture.writer.prediction_record", fail)
        with pytest.raises(OSError, match="not written"):
            write(writer, "r0")
    write(writer, "r2")
    assert read(tmp_path).table["request"].tolist() == ["r2"]


def test_a_file_that_cannot_be_closed_is_replaced(
    capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("input/output error")

    write(capture, "a")
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", fail)
        with pytest.raises(OSError, match="input/output"):
            capture.close()
    write(capture, "b")
    assert read(capture.folder).table["request"].tolist() == ["a", "b"]


def test_feedback_is_joined_with_a_request_whose_file_was_uploaded(
    start, drawn: Faces, tmp_path: Path
) -> None:
    uri = f"file://{tmp_path}/bucket"
    server = start(capture_uri=uri, rotate_seconds=0.5)
    send_faces(server.url, drawn.pixels[:1], request="moved")
    deadline = time.monotonic() + 15
    while read(uri).table.empty and time.monotonic() < deadline:
        time.sleep(0.1)
    assert read(uri).table["request"].tolist() == ["moved"]
    assert read(server.capture_folder).table.empty
    send_feedback(server.url, "moved", ["someone"])
    assert read(uri, server.capture_folder).table["label"].tolist() == ["someone"]
    assert delete_captured([uri, str(server.capture_folder)], request="moved") == 1
    assert read(uri, server.capture_folder).table.empty


def test_a_file_that_cannot_be_uploaded_is_kept(tmp_path: Path, capture: Capture) -> None:
    write(capture, "a")
    capture.close()
    (tmp_path / "blocked").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="blocked"):
        retention.upload_closed_files(capture.folder, f"file://{tmp_path}/blocked")
    assert read(capture.folder).table["request"].tolist() == ["a"]
    retention.upload_closed_files(capture.folder, f"file://{tmp_path}/free")
    assert files(capture.folder) == []
    assert read(f"file://{tmp_path}/free").table["request"].tolist() == ["a"]


@pytest.mark.parametrize("remote", [False, True])
def test_expired_files_are_deleted(tmp_path: Path, capture: Capture, remote: bool) -> None:
    write(capture, "a")
    capture.close()
    uri = f"file://{tmp_path}/bucket" if remote else ""
    settings = server_settings(tmp_path, retention_days=1, rotate_seconds=60, capture_uri=uri)
    if remote:
        retention.upload_closed_files(capture.folder, uri)
    location = uri or capture.folder
    retention.delete_expired(settings, time.time() + 86_400)
    assert len(read(location).table) == 1
    retention.delete_expired(settings, time.time() + 86_400 + 120)
    assert len(read(location).table) == 0
    assert files(capture.folder) == []


def test_the_file_of_a_killed_writer_is_uploaded(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "captured", 10**9, 3600)
    write(capture, "a", "b")
    settings = server_settings(tmp_path, capture_uri=f"file://{tmp_path}/bucket")
    assert retention.maintain(settings)
    assert len(files(capture.folder)) == 1
    assert capture._file
    capture._file._opened.close()  # as when the process is killed
    assert retention.maintain(settings)
    assert files(capture.folder) == []
    assert read(settings.capture_uri).table["request"].tolist() == ["a", "b"]


def test_a_file_that_is_removed_before_its_writer_has_locked_it_is_replaced(
    tmp_path: Path, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_flock = fcntl.flock
    removed: list[Path] = []

    def flock(file: int, operation: int) -> None:
        if not removed:  # maintenance took the new file for that of a killed writer
            (new,) = capture.folder.glob(f"*{SUFFIX}")
            new.unlink()
            removed.append(new)
        real_flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    write(capture, "a")
    assert removed
    assert read(capture.folder).table["request"].tolist() == ["a"]


def test_maintenance_is_left_to_the_process_that_holds_the_lock(
    tmp_path: Path, capture: Capture
) -> None:
    write(capture, "a")
    capture.close()
    settings = server_settings(tmp_path, capture_uri=f"file://{tmp_path}/bucket")
    with folder_lock(capture.folder) as locked:
        assert locked
        assert not retention.maintain(settings)
        assert len(files(capture.folder)) == 1
    assert retention.maintain(settings)
    assert files(capture.folder) == []


def test_a_file_that_is_being_written_is_neither_uploaded_nor_deleted(
    tmp_path: Path, capture: Capture
) -> None:
    write(capture, "a")
    settings = server_settings(tmp_path, retention_days=1)
    retention.delete_expired(settings, time.time() + 10 * 86_400)
    retention.upload_closed_files(capture.folder, f"file://{tmp_path}/bucket")
    write(capture, "b")
    assert len(read(capture.folder).table) == 2


@pytest.mark.parametrize("closed", [True, False])
def test_a_request_can_be_deleted_while_its_file_is_being_written(
    capture: Capture, closed: bool
) -> None:
    write(capture, "a", "b")
    capture.feedback("a", "", ["ada"])
    if closed:
        capture.close()
    assert delete_captured([str(capture.folder)], request="a") == 1
    write(capture, "c")
    captured = read(capture.folder)
    assert captured.table["request"].tolist() == ["b", "c"]
    assert captured.damaged == 0
    content = b"".join(file.read_bytes() for file in capture.folder.iterdir())
    assert b'"id": "a"' not in content
    assert b'"id": "b"' in content
    assert delete_captured([str(capture.folder)], request="a") == 0


def test_an_open_file_is_kept_when_all_its_requests_are_deleted(capture: Capture) -> None:
    write(capture, "a")
    assert delete_captured([str(capture.folder)], request="a") == 1
    assert len(files(capture.folder)) == 1
    write(capture, "b")
    assert read(capture.folder).table["request"].tolist() == ["b"]


def test_a_request_that_is_written_while_another_is_deleted_is_kept(
    capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def try_lock(file: Any) -> bool:
        if capture._file:  # the writer goes on before the empty file is locked
            write(capture, "b")
            capture.close()
        return locks.try_lock(file)

    monkeypatch.setattr(reader, "try_lock", try_lock)
    write(capture, "a")
    assert delete_captured([str(capture.folder)], request="a") == 1
    assert read(capture.folder).table["request"].tolist() == ["b"]


def test_the_free_space_of_a_buffer_is_not_damage(capture: Capture) -> None:
    write(capture, "a")
    capture.flush()
    write(capture, "b")
    (file,) = capture.folder.glob(f"*{SUFFIX}")
    assert bytes(100_000) in file.read_bytes()
    captured = read(capture.folder)
    assert captured.damaged == 0
    assert captured.table["request"].tolist() == ["a", "b"]


def test_an_idle_server_empties_the_buffer(capture: Capture) -> None:
    capture.flush()
    assert not capture.folder.exists() or not files(capture.folder)
    for number in range(500):
        write(capture, f"r{number}")
        capture.flush()
        assert capture._file
        assert capture._file.buffered == 0
    assert len(read(capture.folder).table) == 500


def killed_while_flushing(capture: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a writer that was killed after it had moved records, and before it said so."""
    (file,) = capture.folder.glob(f"*{SUFFIX}")
    left, real_write = folder / file.name, os.pwrite

    def write_and_copy(*arguments: Any) -> int:
        written = real_write(*arguments)
        left.write_bytes(file.read_bytes())
        return written

    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write_and_copy)
        capture.flush()
    return left


def test_what_a_killed_writer_left_twice_counts_once(
    tmp_path: Path, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(capture, "a", "b")
    capture.feedback("a", "", ["ada"])
    capture.feedback("other", "", ["ada"])
    folder = tmp_path / "left"
    file = killed_while_flushing(capture, folder, monkeypatch)
    assert file.read_bytes().count(b'"id": "b"') == 2
    captured = read(folder)
    assert captured.table["request"].tolist() == ["a", "b"]
    assert (captured.damaged, captured.unmatched_feedback) == (0, 1)
    assert delete_captured([str(folder)], request="b") == 1
    assert b'"id": "b"' not in file.read_bytes()
    assert read(folder).table["request"].tolist() == ["a"]
    assert remove_captured([str(folder)], lambda record: record.head["id"] == "a") == 1
    assert b'"id": "a"' not in file.read_bytes()


def test_deletion_is_exact_while_records_are_moved_out_of_the_buffer(
    capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_erase, flushing = capture_format.erase, list[threading.Thread]()

    def erase(*arguments: Any) -> None:
        real_erase(*arguments)
        if not flushing:  # the writer would move "a", and write another request in its place
            flushing.append(threading.Thread(target=flush_and_write))
            flushing[0].start()
            time.sleep(0.1)

    def flush_and_write() -> None:
        capture.flush()
        write(capture, "c", "d")

    monkeypatch.setattr(reader, "erase", erase)
    write(capture, "a", "b")
    assert delete_captured([str(capture.folder)], request="a") == 1
    flushing[0].join()
    captured = read(capture.folder)
    assert captured.table["request"].tolist() == ["b", "c", "d"]
    assert captured.damaged == 0
    (file,) = capture.folder.glob(f"*{SUFFIX}")
    assert b'"id": "a"' not in file.read_bytes()


def test_requests_older_than_a_date_can_be_deleted(capture: Capture) -> None:
    write(capture, "a", "b")
    capture.close()
    time.sleep(0.02)
    moment = time.time()
    write(capture, "c")
    assert delete_captured([str(capture.folder)], before=moment) == 2
    assert read(capture.folder).table["request"].tolist() == ["c"]
    assert len(files(capture.folder)) == 1, "a file of which nothing remains is removed"


def test_a_server_without_capture_keeps_nothing_and_refuses_feedback(start, drawn: Faces) -> None:
    server = start(capture=False)
    answer = send_faces(server.url, drawn.pixels[:1])
    assert not server.capture_folder.exists()
    message: Any = {"response": {"meta": {"puid": answer.request}}, "truth": {"strData": "x"}}
    response = requests.post(f"{server.url}/api/v1.0/feedback", json=message, timeout=5)
    assert response.status_code == 409
    assert json.loads(response.text)["status"]["reason"] == "CONFLICT"
