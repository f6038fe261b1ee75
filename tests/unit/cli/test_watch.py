import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli import watch as watching
from cli.interval import Interval, parse_interval
from cli.watch import wait, watch, without_every
from faces.errors import UserError

QUIET = Console(file=StringIO())


@pytest.mark.parametrize(
    ("text", "interval"),
    [("30s", Interval(30, None)), ("10min", Interval(600, None)), ("2 h", Interval(7200, None)),
     ("10m", Interval(600, None)), ("90 SEC", Interval(90, None)), ("1d", Interval(86400, None)),
     ("10 minutes", Interval(600, None)), ("1.5h", Interval(5400, None)),
     ("1 day", Interval(86400, None)), ("50faces", Interval(None, 50)),
     ("1 face", Interval(None, 1))],
)  # fmt: skip
def test_intervals_are_parsed(text: str, interval: Interval) -> None:
    assert parse_interval(text) == interval
    assert parse_interval(str(interval)) == interval


@pytest.mark.parametrize("text", ["", "10", "0min", "-1s", "10 moments", "min", "1.5faces"])
def test_a_malformed_interval_is_reported_with_examples(text: str) -> None:
    with pytest.raises(UserError, match="use 90s, 10min, 2h, 1d or 50faces"):
        parse_interval(text)


def test_faces_are_counted_across_restarts_and_downtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    polls: list[float] = []
    monkeypatch.setattr(time, "sleep", polls.append)
    counts = iter([100, 104, None, None, 3, 5, 7])
    wait(Interval(None, 10), lambda: next(counts))
    assert len(polls) == 6, "4 before it was down, then 3, 2 and 2"


def test_only_a_failure_of_the_first_run_ends_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watch([sys.executable, "-c", "exit(2)"], Interval(0.01, None), QUIET) == 2
    count = tmp_path / "runs"
    script = f"f = open({str(count)!r}, 'a+'); f.write('x'); exit(f.tell() > 1)"
    stopped = iter([None, None, None, KeyboardInterrupt])

    def stop_later(interval: Interval, count: object) -> None:
        if problem := next(stopped):
            raise problem

    monkeypatch.setattr(watching, "wait", stop_later)
    with pytest.raises(KeyboardInterrupt):
        watch([sys.executable, "-c", script], Interval(0.01, None), QUIET)
    assert count.read_text() == "xxxx", "the second to the fourth failed"


def test_the_command_is_repeated_without_the_interval() -> None:
    words = ["--pipeline", "drift_detection", "--every", "10min", "--stack", "local"]
    expected = ["--pipeline", "drift_detection", "--stack", "local"]
    assert without_every(words) == expected
    assert without_every([*expected, "--every=2h"]) == expected


def test_never_deletes_a_schedule() -> None:
    assert parse_interval("never") is None
    assert parse_interval("off") is None
