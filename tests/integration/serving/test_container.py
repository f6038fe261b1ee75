import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import fsspec
import numpy as np
import pytest

from components.deployers.seldon_local.environment import ROOT, ensure_environment
from faces.client import Prediction, send_faces, send_feedback
from faces.drift.captured_requests import read_captured_requests
from faces.runtime.portable import PortableModel, file_hash, write_portable
from serving import container
from serving.capture import retention
from serving.capture.reader import read_files
from serving.capture.writer import Capture
from serving.container import MODEL, PORT, SETTINGS, fetch, prepare
from serving.settings import ServerSettings, read_current, read_settings
from tests.integration.serving.conftest import free_port, server_settings

MakeEnvironment = Callable[..., dict[str, str]]


@pytest.fixture
def pod_environment(portable: PortableModel, tmp_path: Path) -> MakeEnvironment:
    """The environment variables of a pod that serves version 7 from a bucket, here a folder."""
    data = write_portable(portable)
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "7.npz").write_bytes(data)
    uri = f"file://{tmp_path}/bucket"

    def environment(**changes: str) -> dict[str, str]:
        model = {"version": "7", "uri": f"{uri}/7.npz", "hash": file_hash(data)}
        settings = server_settings("/data", capture_uri=uri, replicas=2)
        return {
            SETTINGS: json.dumps(asdict(settings)),
            MODEL: json.dumps(model | changes),
            PORT: str(free_port()),
        }

    return environment


def await_answer(url: str) -> Prediction:
    deadline = time.monotonic() + 30
    while True:
        try:
            return send_faces(url, np.zeros((1, 4096)))
        except Exception:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_environment_defines_settings_and_model(
    pod_environment: MakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = pod_environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = prepare(tmp_path / "data")
    assert read_settings(tmp_path / "data") == settings
    assert settings.port == int(variables[PORT])
    current = read_current(tmp_path / "data")
    assert current is not None
    assert current["version"] == "7"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hash": "0" * 64}, "is damaged: it does not have its recorded hash"),
        ({"uri": "file:///nowhere/7.npz"}, "/nowhere/7.npz does not exist"),
    ],
)
def test_a_damaged_or_missing_model_is_not_served(
    pod_environment: MakeEnvironment, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    result = subprocess.run(
        [ensure_environment(), "-m", "serving.container", str(tmp_path / "data")],
        cwd=ROOT, env={**os.environ, **pod_environment(**changes)}, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_interrupted_download_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    class FailsTwice:
        tries = 0

        def cat_file(self, _: str) -> bytes:
            FailsTwice.tries += 1
            if FailsTwice.tries < 3:
                raise ConnectionError("reset")
            return b"the whole file"

    monkeypatch.setattr(fsspec, "url_to_fs", lambda uri: (FailsTwice(), uri))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert fetch("gs://b/m") == b"the whole file"
    assert FailsTwice.tries == 3


def test_the_last_upload_is_retried_while_it_is_locked_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = server_settings(tmp_path, capture_uri=f"file://{tmp_path}/bucket")
    capture = Capture(settings.capture_folder, rotate_bytes=10**9, rotate_seconds=3600)
    capture.feedback("a", "", ["ada"])
    capture.close()
    first_results: Iterator[bool | OSError] = iter([False, OSError("reset")])
    maintain = retention.maintain

    def fail_at_first(settings: ServerSettings) -> bool:
        result = next(first_results, None)
        if isinstance(result, OSError):
            raise result
        return maintain(settings) if result is None else result

    monkeypatch.setattr(container, "maintain", fail_at_first)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    container.flush_captures(settings)
    assert len(list((tmp_path / "bucket").glob("*.faces"))) == 1

    capture.feedback("b", "", ["bob"])
    capture.close()
    monkeypatch.setattr(container, "FLUSH_SECONDS", -1.0)
    first_results = iter([OSError("the bucket is gone")])
    container.flush_captures(settings)
    assert (
        "1 files of captured requests are lost: OSError('the bucket is" in capsys.readouterr().err
    )


def test_captured_requests_are_uploaded_when_a_pod_ends(
    pod_environment: MakeEnvironment, tmp_path: Path
) -> None:
    variables = pod_environment()
    process = subprocess.Popen(
        [ensure_environment(), "-m", "serving.container", str(tmp_path / "data")],
        cwd=ROOT, env={**os.environ, **variables}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{variables[PORT]}"
    answer = await_answer(url)
    assert answer.version == "7"
    send_feedback(url, answer.request, ["somebody"])
    send_feedback(url, "answered-by-another-pod", ["somebody"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    captured = read_captured_requests(read_files([f"file://{tmp_path}/bucket"]))
    assert list(captured.table["label"]) == ["somebody"]
    assert not list((tmp_path / "data" / "captured").glob("*.faces"))
