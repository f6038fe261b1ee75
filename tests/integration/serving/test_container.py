import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from components.deployers.seldon_local.environment import ROOT, ensure_environment
from faces.client import send_faces, send_feedback
from faces.drift.captured_requests import read_captured_requests
from faces.models.export import export_model
from faces.runtime.portable import file_hash, stamped, write_portable
from serving import container
from serving.capture import retention
from serving.capture.reader import read_files
from serving.capture.writer import Capture
from serving.container import MODEL, PORT, SETTINGS, fetch, prepare
from serving.settings import ServerSettings, read_current, read_settings
from tests.integration.serving.conftest import free_port

Wanted = Callable[..., dict[str, str]]


@pytest.fixture
def wanted(fitted: Pipeline, tmp_path: Path) -> Wanted:
    """What a pod's environment says, for version 7 in a bucket that is a folder."""
    data = write_portable(stamped(export_model(fitted, {}), 7))
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "7.npz").write_bytes(data)

    def environment(**model: str) -> dict[str, str]:
        about = {"version": "7", "uri": f"file://{tmp_path}/bucket/7.npz", "hash": file_hash(data)}
        settings = ServerSettings(
            "faces", "/data", capture_uri=f"file://{tmp_path}/bucket", replicas=2
        )
        return {
            SETTINGS: json.dumps(asdict(settings)),
            MODEL: json.dumps(about | model),
            PORT: str(free_port()),
        }

    return environment


def test_a_folder_is_laid_out_as_the_environment_says(
    wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = wanted()
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = prepare(tmp_path / "data")
    assert read_settings(tmp_path / "data") == settings
    assert settings.port == int(given[PORT])
    current = read_current(tmp_path / "data")
    assert current is not None
    assert current["version"] == "7"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({"hash": "0" * 64}, "is damaged: it is not what was recorded"),
        ({"uri": "file:///nowhere/7.npz"}, "/nowhere/7.npz is not there"),
    ],
)
def test_what_was_not_asked_for_is_not_served(
    wanted: Wanted, tmp_path: Path, model: dict[str, str], told: str
) -> None:
    done = subprocess.run(
        [ensure_environment(), "-m", "serving.container", str(tmp_path / "data")],
        cwd=ROOT, env={**os.environ, **wanted(**model)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_download_that_breaks_off_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    class Breaking:
        tries = 0

        def cat_file(self, _: str) -> bytes:
            Breaking.tries += 1
            if Breaking.tries < 3:
                raise ConnectionError("reset")
            return b"all of it"

    monkeypatch.setattr(fsspec, "url_to_fs", lambda uri: (Breaking(), uri))
    monkeypatch.setattr(container.time, "sleep", lambda _: None)
    assert fetch("gs://b/m") == b"all of it"


def test_what_is_left_at_the_end_is_moved_though_somebody_is_at_it_and_the_bucket_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ServerSettings("faces", str(tmp_path), capture_uri=f"file://{tmp_path}/bucket")
    capture = Capture(settings.capture_folder, rotate_bytes=10**9, rotate_seconds=3600)
    capture.feedback("a", ["ada"])
    capture.close()
    left, real = iter([False, OSError("reset")]), retention.maintain

    def at_first(settings: ServerSettings) -> bool:
        told = next(left, None)
        if isinstance(told, OSError):
            raise told
        return real(settings) if told is None else told

    monkeypatch.setattr(container, "maintain", at_first)
    monkeypatch.setattr(container.time, "sleep", lambda _: None)
    container.flush_captures(settings)
    assert len(list((tmp_path / "bucket").glob("*.faces"))) == 1

    capture.feedback("b", ["bob"])
    capture.close()
    monkeypatch.setattr(container, "LAST", -1.0)
    left = iter([OSError("the bucket is gone")])
    container.flush_captures(settings)
    assert (
        "1 files of captured requests are lost: OSError('the bucket is" in capsys.readouterr().err
    )


def test_when_a_pod_ends_what_it_captured_is_in_its_place(wanted: Wanted, tmp_path: Path) -> None:
    given = wanted()
    server = subprocess.Popen(
        [ensure_environment(), "-m", "serving.container", str(tmp_path / "data")],
        cwd=ROOT, env={**os.environ, **given}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url, pixels = f"http://127.0.0.1:{given[PORT]}", np.zeros((1, 4096))
    deadline = time.monotonic() + 30
    while True:
        try:
            answer = send_faces(url, pixels)
            break
        except Exception:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert answer.version == "7"
    send_feedback(url, answer.request, ["somebody"])
    send_feedback(url, "asked-of-another-pod", ["somebody"])
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
    captured = read_captured_requests(read_files([f"file://{tmp_path}/bucket"]))
    assert list(captured.table["truth"]) == ["somebody"]
    assert not list((tmp_path / "data" / "captured").glob("*.faces"))
