from types import SimpleNamespace
from typing import Any

import pytest

from serving.capture import background
from serving.settings import ServerSettings


class Over(Exception):
    """The time that is looked at is over."""


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Any:
    """When rounds were made in ten minutes of a clock of our own, which sleeping moves on."""

    def look(closed_at: list[float], codes: dict[float, int]) -> list[float]:
        now, made = 0.0, []
        capture = SimpleNamespace(closed=0)

        def rotate() -> None:
            capture.closed = sum(now >= at for at in closed_at)

        def run(command: list[str], check: bool) -> Any:
            assert command[1:] == ["-m", "serving.capture.retention", "/x"]
            made.append(now)
            return SimpleNamespace(returncode=codes.get(now, 0))

        def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds
            if now > 600:
                raise Over

        capture.rotate = rotate
        monkeypatch.setattr(background.time, "monotonic", lambda: now)
        monkeypatch.setattr(background.subprocess, "run", run)
        settings = ServerSettings("x", "/x", rotate_seconds=60)
        model: Any = SimpleNamespace(capture=capture)
        with pytest.raises(Over):
            background.maintain(settings, model, sleep)
        return made

    return look


def test_a_file_is_looked_after_as_soon_as_it_is_closed(rounds: Any) -> None:
    assert rounds([100.5], {}) == [0, 101, 401]


def test_nothing_to_do_is_looked_at_now_and_then(rounds: Any) -> None:
    assert rounds([], {}) == [0, 300, 600]


def test_a_round_that_failed_is_made_again_soon(rounds: Any) -> None:
    assert rounds([100], {100: 1, 130: 1}) == [0, 100, 130, 160, 460]
