import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli import watch as watching
from cli.watch import Interval, parse_interval, wait, watch
from faces.errors import UserError

QUIET = Console(file=StringIO())


@pytest.mark.parametrize(
    ("text", "every"),
    [("30s", Interval(30, None)), ("10min", Interval(600, None)), ("2 h", Interval(7200, None)),
     ("50faces", Interval(None, 50))],
)  # fmt: skip
def test_how_often_is_read(text: str, every: Interval) -> None:
    assert parse_interval(text) == every
    assert parse_interval(str(every)) == every, "it is told as it is written"


@pytest.mark.parametrize("text", ["", "10", "0min", "-1s", "10 minutes", "min", "1.5h"])
def test_what_cannot_be_read_is_told_with_examples(text: str) -> None:
    with pytest.raises(UserError, match="say 30s, 10min, 2h or 50faces"):
        parse_interval(text)


def test_faces_are_counted_over_a_restart_and_while_the_endpoint_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = []
    monkeypatch.setattr(watching.time, "sleep", looked.append)
    counts = iter([100, 104, None, None, 3, 5, 7])
    wait(Interval(None, 10), lambda: next(counts))
    assert len(looked) == 6, "4 before it was down, then 3, 2 and 2"


def test_a_later_failure_does_not_end_the_watch_but_the_first_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watch([sys.executable, "-c", "exit(2)"], Interval(0.01, None), None, QUIET) == 2
    count = tmp_path / "runs"
    script = f"f = open({str(count)!r}, 'a+'); f.write('x'); exit(f.tell() > 1)"
    stopped = iter([None, None, None, KeyboardInterrupt])

    def until(every: Interval, count: object) -> None:
        if problem := next(stopped):
            raise problem

    monkeypatch.setattr(watching, "wait", until)
    with pytest.raises(KeyboardInterrupt):
        watch([sys.executable, "-c", script], Interval(0.01, None), None, QUIET)
    assert count.read_text() == "xxxx", "the second to the fourth failed"
