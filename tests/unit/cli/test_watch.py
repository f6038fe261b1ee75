import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli import watch as watching
from cli.interval import Interval, parse_interval
from cli.watch import answered_faces, wait, watch, watch_pipeline, without_every
from components.settings import Settings
from faces.errors import OperationError, UserError

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


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A stack whose steps run on this machine; collects what is selected, watched or scheduled."""
    happened: list[object] = []

    def record(*what: object) -> int:
        happened.append(what[0])
        return 0

    monkeypatch.setattr("cli.stacks.select_stack", record)
    monkeypatch.setattr("cli.runner.runs_elsewhere", lambda: False)
    monkeypatch.setattr(watching, "watch", record)
    return happened


def test_on_a_local_stack_the_command_is_watched(stack: list[object]) -> None:
    words = ["--pipeline", "drift_detection", "--every", "10min", "--seed", "1"]
    assert watch_pipeline("drift_detection", Settings(), words, "10min", "local", QUIET) == 0
    command = [sys.executable, watching.RUN, "--pipeline", "drift_detection", "--seed", "1"]
    assert stack == ["local", command]


def test_on_a_remote_stack_a_schedule_is_created(
    stack: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.runner.runs_elsewhere", lambda: True)
    monkeypatch.setattr("cli.schedule.update_schedule", lambda _, interval: f"every {interval}")
    assert watch_pipeline("drift_detection", Settings(), [], "2h", "gcp", QUIET) == 0
    assert capsys.readouterr().out == f"every {Interval(7200, None)}\n"
    assert stack == ["gcp"]


def test_what_cannot_be_watched_is_reported(stack: list[object]) -> None:
    with pytest.raises(UserError, match="--every needs --pipeline drift_detection"):
        watch_pipeline("training", Settings(), [], "10min", None, QUIET)
    with pytest.raises(UserError, match="--every never deletes a schedule; on this stack Ctrl-C"):
        watch_pipeline("drift_detection", Settings(), [], "never", None, QUIET)


@pytest.mark.parametrize("error", [OperationError("it is down"), UserError("no deployer")])
def test_an_endpoint_that_is_down_has_no_count(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_deployer() -> object:
        raise error

    monkeypatch.setattr("components.deployers.base.active_deployer", no_deployer)
    assert answered_faces() is None
