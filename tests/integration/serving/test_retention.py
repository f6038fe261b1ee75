import subprocess
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from serving.capture import background
from tests.integration.serving.conftest import server_settings


class EndOfTest(Exception):
    """Ten minutes of the simulated clock have elapsed."""


@pytest.fixture
def run_for_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the background task on a simulated clock; returns when maintenance was started.

    `closed_at` are the times at which a capture file is closed, `codes` the exit codes of
    maintenance by the time it starts, `faults` what happens instead of closing a file.
    """

    def run_background(
        closed_at: list[float],
        codes: dict[float, int],
        faults: dict[float, Callable[[], None]] | None = None,
    ) -> list[float]:
        now, started_at = 0.0, []
        capture = SimpleNamespace(closed=0)

        def rotate() -> None:
            if fault := (faults or {}).get(now):
                fault()
            capture.closed = sum(now >= at for at in closed_at)

        def run(command: list[str], check: bool) -> Any:
            assert command[1:] == ["-m", "serving.capture.retention", "/x"]
            started_at.append(now)
            return SimpleNamespace(returncode=codes.get(now, 0))

        def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds
            if now > 600:
                raise EndOfTest

        capture.rotate = rotate
        monkeypatch.setattr(time, "monotonic", lambda: now)
        monkeypatch.setattr(subprocess, "run", run)
        model: Any = SimpleNamespace(capture=capture)
        with pytest.raises(EndOfTest):
            background.maintain_forever(server_settings("/x", rotate_seconds=60), model, sleep)
        return started_at

    return run_background


def test_maintenance_runs_as_soon_as_a_file_is_closed(run_for_ten_minutes: Any) -> None:
    assert run_for_ten_minutes([100.5], {}) == [0, 101, 401]


def test_a_server_that_closes_many_files_is_not_kept_busy_by_maintenance(
    run_for_ten_minutes: Any,
) -> None:
    closed = [100.0 + number for number in range(25)]
    assert run_for_ten_minutes(closed, {}) == [0, 100, 110, 120, 130, 430]


def test_maintenance_runs_every_five_minutes_without_a_closed_file(
    run_for_ten_minutes: Any,
) -> None:
    assert run_for_ten_minutes([], {}) == [0, 300, 600]


def test_failed_maintenance_is_retried_after_thirty_seconds(run_for_ten_minutes: Any) -> None:
    assert run_for_ten_minutes([100], {100: 1, 130: 1}) == [0, 100, 130, 160, 460]


def test_a_full_disk_does_not_end_the_background_task(run_for_ten_minutes: Any) -> None:
    def no_space() -> None:
        raise OSError(28, "No space left on device")

    started = run_for_ten_minutes([100], {}, {100.0: no_space, 101.0: no_space})
    assert started == [0, 102, 402]
