"""What is kept of requests: when files change, where they go, and how they are deleted."""

import json
import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest
import requests

from faces.client import send_faces, send_feedback
from faces.data.dataset import Faces
from faces.drift.captured_requests import CapturedRequests, read_captured_requests
from serving.capture import retention
from serving.capture.reader import forget, read_files
from serving.capture.writer import ENDING, IDS, Capture
from serving.settings import ServerSettings

FACE = np.full((1, 4096), 128, np.uint8)
SURE = np.array([[0.25, 0.75]], np.float32)
PEOPLE = ["ada", "bob"]


def write(capture: Capture, *requests_: str, version: str = "1") -> None:
    for request in requests_:
        capture.prediction(request, version, PEOPLE, FACE, SURE)


def read(*places: object) -> CapturedRequests:
    return read_captured_requests(read_files([str(place) for place in places]))


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob(f"*{ENDING}"))


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    return Capture(tmp_path / "captured", rotate_bytes=10**9, rotate_seconds=3600)


def test_over_http_with_feedback(server: ServerSettings, drawn: Faces) -> None:
    answer = send_faces(server.url, drawn.pixels[:2], request="together")
    send_feedback(server.url, "together", ["someone", drawn.labels[1]])
    captured = read(server.capture_folder)
    table = captured.table
    assert table["request"].tolist() == ["together", "together"]
    assert table["truth"].tolist() == ["someone", drawn.labels[1]]
    assert np.array_equal(captured.pixels, drawn.pixels[:2])
    assert np.allclose(np.stack(table["probabilities"]), answer.probabilities, atol=1e-6)
    assert abs(table["time"].iloc[0].timestamp() - time.time()) < 60


def test_only_its_owner_may_read_it(server: ServerSettings, drawn: Faces) -> None:
    send_faces(server.url, drawn.pixels[:1])
    folder = server.capture_folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_request_that_cannot_be_kept_is_not_answered(start, drawn: Faces) -> None:
    server = start()
    send_faces(server.url, drawn.pixels[:1])
    folder = server.capture_folder
    aside = folder.with_name("aside")
    message = {"data": {"ndarray": [drawn.pixels[0].astype(float).tolist()]}}
    ask = f"{server.url}/api/v1.0/predictions"
    full = start(rotate_seconds=0)  # each request begins a file anew
    gone = full.capture_folder
    gone.rename(gone.with_name("aside"))
    reply = requests.post(f"{full.url}/api/v1.0/predictions", json=message, timeout=5)
    assert reply.status_code == 503
    assert "cannot be kept" in reply.json()["status"]["info"]
    gone.with_name("aside").rename(gone)
    assert requests.post(f"{full.url}/api/v1.0/predictions", json=message, timeout=5).ok
    assert not aside.exists()
    assert requests.post(ask, json=message, timeout=5).ok


def test_files_change_by_size_and_ids_are_found_in_all(tmp_path: Path) -> None:
    capture = Capture(tmp_path, rotate_bytes=10_000, rotate_seconds=3600)
    write(capture, *[f"r{number}" for number in range(10)])
    assert len(files(tmp_path)) == 4
    assert read(tmp_path).table["request"].tolist() == [f"r{n}" for n in range(10)]
    other = Capture(tmp_path, rotate_bytes=10_000, rotate_seconds=3600)
    for number in range(10):
        assert capture.faces_of(f"r{number}") == 1
        assert other.faces_of(f"r{number}") == 1, "another worker finds it too"
    (tmp_path / ".lock").touch()
    assert capture.faces_of("r10") is None


def test_files_change_by_age(tmp_path: Path) -> None:
    capture = Capture(tmp_path, rotate_bytes=10**9, rotate_seconds=0.05)
    write(capture, "a")
    time.sleep(0.06)
    capture.rotate()
    assert [file.name for file in retention.closed_files(tmp_path)] == files(tmp_path)
    write(capture, "b")
    assert len(files(tmp_path)) == 2
    assert len(list(retention.closed_files(tmp_path))) == 1


def test_each_file_names_the_people_of_its_versions(tmp_path: Path) -> None:
    capture = Capture(tmp_path, rotate_bytes=10_000, rotate_seconds=3600)
    write(capture, "a", "b")
    write(capture, "c", version="2")
    write(capture, "d", "e")
    for file in tmp_path.glob(f"*{ENDING}"):
        kept = read_captured_requests([file.read_bytes()])
        assert set(kept.table["version"]) <= set(kept.identities)
    assert len(read(tmp_path).table) == 5


def test_requests_that_come_together_are_written_together(tmp_path: Path) -> None:
    written: list[int] = []
    depth = 0

    def pause() -> None:
        nonlocal depth
        depth += 1
        if depth < 4:
            write(capture, f"r{depth}")
        written.append(os.stat(next(tmp_path.glob(f"*{ENDING}"))).st_size)

    capture = Capture(tmp_path, 10**9, 3600, pause)
    write(capture, "r0")
    assert written[0] == 0
    assert len(set(written[1:])) == 1, "the innermost wrote for all"
    assert sorted(read(tmp_path).table["request"]) == ["r0", "r1", "r2", "r3"]


def test_if_they_cannot_be_written_all_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []

    def pause() -> None:
        if len(started) < 2:
            started.append("r1")
            try:
                write(capture, "r1")
            except OSError:
                failed.append("r1")

    capture, started = Capture(tmp_path, 10**9, 3600, pause), ["r0"]

    def full(file: int, data: bytes) -> int:
        return real(file, data[:100])

    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="disk full"):
            write(capture, "r0")
    assert failed == ["r1"]
    write(capture, "r2")
    captured = read(tmp_path)
    assert captured.table["request"].tolist() == ["r2"]
    assert captured.damaged == 1


def test_closed_files_are_moved_to_a_uri_and_feedback_still_finds_them(
    start, drawn: Faces, tmp_path: Path
) -> None:
    place = f"file://{tmp_path}/bucket"
    server = start(capture_uri=place, rotate_seconds=0.5)
    send_faces(server.url, drawn.pixels[:1], request="moved")
    deadline = time.monotonic() + 15
    while read(place).table.empty and time.monotonic() < deadline:
        time.sleep(0.1)
    assert read(place).table["request"].tolist() == ["moved"]
    assert read(server.capture_folder).table.empty
    send_feedback(server.url, "moved", ["someone"])
    assert read(place, server.capture_folder).table["truth"].tolist() == ["someone"]
    assert forget([place, str(server.capture_folder)], request="moved") == 1
    assert read(place, server.capture_folder).table.empty


def test_a_file_that_cannot_be_moved_stays(tmp_path: Path, capture: Capture) -> None:
    write(capture, "a")
    capture.close()
    (tmp_path / "blocked").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="blocked"):
        retention.ship(capture.folder, f"file://{tmp_path}/blocked")
    assert read(capture.folder).table["request"].tolist() == ["a"]
    retention.ship(capture.folder, f"file://{tmp_path}/free")
    assert files(capture.folder) == []
    assert read(f"file://{tmp_path}/free").table["request"].tolist() == ["a"]


@pytest.mark.parametrize("remote", [False, True])
def test_what_is_past_its_time_is_dropped(tmp_path: Path, capture: Capture, remote: bool) -> None:
    write(capture, "a")
    capture.close()
    place = f"file://{tmp_path}/bucket" if remote else ""
    settings = ServerSettings(
        "x", str(tmp_path), retention_days=1, rotate_seconds=60, capture_uri=place
    )
    if remote:
        retention.ship(capture.folder, place)
    where = place or capture.folder
    retention.drop_expired(settings, time.time() + 86_400)
    assert len(read(where).table) == 1
    retention.drop_expired(settings, time.time() + 86_400 + 120)
    assert len(read(where).table) == 0
    assert [f for f in capture.folder.iterdir() if f.suffix in (ENDING, IDS)] == []


def test_ids_that_a_killed_writer_left_unwritten_are_written_down(tmp_path: Path) -> None:
    capture = Capture(tmp_path, 10**9, 3600)
    write(capture, "a", "b")
    os.close(capture._file)  # as if it had been killed
    retention.list_ids(tmp_path)
    assert len(list(tmp_path.glob(f"*{IDS}"))) == 1
    other = Capture(tmp_path, 10**9, 3600)
    assert [other.faces_of(request) for request in "abc"] == [1, 1, None]


def test_a_file_in_use_is_neither_moved_nor_dropped(tmp_path: Path, capture: Capture) -> None:
    write(capture, "a")
    settings = ServerSettings("x", str(tmp_path), retention_days=1)
    retention.drop_expired(settings, time.time() + 10 * 86_400)
    retention.ship(capture.folder, f"file://{tmp_path}/bucket")
    write(capture, "b")
    assert len(read(capture.folder).table) == 2


@pytest.mark.parametrize("closed", [True, False])
def test_a_request_is_forgotten_also_while_its_file_is_in_use(
    capture: Capture, closed: bool
) -> None:
    write(capture, "a", "b")
    capture.feedback("a", ["ada"])
    if closed:
        capture.close()
    assert forget([str(capture.folder)], request="a") == 1
    write(capture, "c")
    captured = read(capture.folder)
    assert captured.table["request"].tolist() == ["b", "c"]
    assert captured.damaged == 0
    everything = b"".join(file.read_bytes() for file in capture.folder.iterdir())
    assert b'"id": "a"' not in everything
    other = Capture(capture.folder, 10**9, 3600)
    assert [other.faces_of(request) for request in "abc"] == [None, 1, 1]
    assert forget([str(capture.folder)], request="a") == 0


def test_what_is_older_than_a_date_is_forgotten(capture: Capture) -> None:
    write(capture, "a", "b")
    capture.close()
    time.sleep(0.02)
    moment = time.time()
    write(capture, "c")
    assert forget([str(capture.folder)], before=moment) == 2
    assert read(capture.folder).table["request"].tolist() == ["c"]
    assert len(files(capture.folder)) == 1, "a file with nothing left is removed"


def test_a_server_without_capture_keeps_nothing(start, drawn: Faces) -> None:
    server = start(capture=False)
    answer = send_faces(server.url, drawn.pixels[:1])
    assert not server.capture_folder.exists()
    told = {"response": {"meta": {"puid": answer.request}}, "truth": {"strData": "x"}}
    reply = requests.post(f"{server.url}/api/v1.0/feedback", json=told, timeout=5)
    assert reply.status_code == 409
    assert json.loads(reply.text)["status"]["reason"] == "CONFLICT"
