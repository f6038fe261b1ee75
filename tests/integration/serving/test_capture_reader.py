import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from faces.drift.captured_requests import read_captured_requests
from faces.runtime.image import PIXELS
from serving.capture.reader import read_files
from serving.capture.writer import ENDING, Capture
from serving.settings import ServerSettings

DAY = 86_400


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A file of now, and the same as if it were ten days old."""
    capture = Capture(tmp_path, 10**6, 60)
    capture.prediction("one", "1", ["a", "b"], np.zeros((1, PIXELS)), np.ones((1, 2), np.float32))
    capture.close()
    (file,) = tmp_path.glob(f"*{ENDING}")
    old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 10 * DAY))
    (tmp_path / f"{old}-1-1{ENDING}").write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_old_files_are_not_fetched_for_a_new_window(place: Path, scheme: str) -> None:
    where = [f"{scheme}{place}"]
    assert len(list(read_files(where))) == 2
    assert len(list(read_files(where, time.time() - 11 * DAY))) == 2
    recent = read_captured_requests(read_files(where, time.time() - DAY))
    assert list(recent.table["request"]) == ["one"]


def test_a_bucket_with_nothing_in_it_is_no_error(tmp_path: Path) -> None:
    assert list(read_files([f"file://{tmp_path}", str(tmp_path)])) == []


@pytest.mark.parametrize(
    ("said", "raised"), [("Forbidden: b/faces", False), ("disk is full", True)]
)
def test_who_may_not_drop_from_a_bucket_leaves_it_to_the_buckets_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, raised: bool
) -> None:
    from serving.capture import retention

    def refused(place: str, oldest: float) -> None:
        raise OSError(said)

    monkeypatch.setattr(retention, "_drop_at", refused)
    settings = ServerSettings("faces", str(tmp_path), capture_uri="gs://b/faces")
    with pytest.raises(OSError, match=said) if raised else nullcontext():
        retention.drop_expired(settings, time.time())
