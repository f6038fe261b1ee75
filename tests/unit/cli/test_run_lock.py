import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from cli import run_lock
from faces.errors import UserError

STACK = cast(Any, None)
HOLD = (
    "import sys; from filelock import ReadWriteLock\n"
    "with ReadWriteLock(sys.argv[1]).read_lock(): print('held', flush=True); input()"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run_lock, "_folder", lambda: tmp_path)
    monkeypatch.setattr(run_lock, "fail_interrupted_runs", lambda stack: None)
    return tmp_path


def test_a_run_that_must_be_alone_is_refused_while_another_is_active(folder: Path) -> None:
    lock = str(folder / "faces-runs.lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with run_lock.run_lock(STACK):
            pass
        with (
            pytest.raises(UserError, match="another run is active"),
            run_lock.run_lock(STACK, True),
        ):
            pass
        other.communicate(b"\n")
    with run_lock.run_lock(STACK, alone=True):
        pass


def test_an_error_of_the_run_itself_is_not_taken_for_a_held_lock(folder: Path) -> None:
    from filelock import Timeout

    with pytest.raises(Timeout), run_lock.run_lock(STACK, alone=True):
        raise Timeout("another lock")
