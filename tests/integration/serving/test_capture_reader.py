import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from faces.drift.captured_requests import read_captured_requests
from faces.runtime.image import PIXELS
from faces.runtime.portable import Predictions
from serving.capture import retention
from serving.capture.files import SUFFIX
from serving.capture.reader import read_files
from serving.capture.writer import Capture
from tests.integration.serving.conftest import server_settings

DAY = 86_400
ONE_FACE = Predictions(np.ones((1, 2), np.float32), np.ones(1, np.float32), np.ones(1, np.bool_))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A capture file started now, and a copy named as if it were ten days old."""
    capture = Capture(tmp_path, 10**6, 60)
    capture.prediction("one", "1", ["a", "b"], np.zeros((1, PIXELS)), ONE_FACE)
    capture.close()
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 10 * DAY))
    (tmp_path / f"{old}-1-1{SUFFIX}").write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_files_older_than_the_window_are_not_read(folder: Path, scheme: str) -> None:
    locations = [f"{scheme}{folder}"]
    assert len(list(read_files(locations))) == 2
    assert len(list(read_files(locations, time.time() - 11 * DAY))) == 2
    recent = read_captured_requests(read_files(locations, time.time() - DAY))
    assert list(recent.table["request"]) == ["one"]


def test_an_empty_location_has_no_files(tmp_path: Path) -> None:
    assert list(read_files([f"file://{tmp_path}", str(tmp_path)])) == []


@pytest.mark.parametrize(
    ("message", "raised"), [("Forbidden: b/faces", False), ("disk is full", True)]
)
def test_a_bucket_without_permission_to_delete_is_left_to_its_lifecycle_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, raised: bool
) -> None:
    def refuse(system: object, path: str) -> list[str]:
        raise OSError(message)

    monkeypatch.setattr(retention, "remote_capture_files", refuse)
    settings = server_settings(tmp_path, capture_uri=f"file://{tmp_path}/bucket")
    with pytest.raises(OSError, match=message) if raised else nullcontext():
        retention.delete_expired(settings, time.time())
