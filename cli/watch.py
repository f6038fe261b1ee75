"""Run drift detection repeatedly: after an interval, or after a number of faces."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from cli import runtime_env
from cli.interval import Interval, parse_interval
from components.settings import Settings
from faces.errors import OperationError, UserError

PIPELINE = "drift_detection"
POLL_SECONDS = 2.0
RUN = str(Path(runtime_env.ROOT) / "run.py")


def watch_pipeline(
    name: str,
    settings: Settings,
    words: Sequence[str],
    every: str,
    stack: str | None,
    console: Console,
) -> int:
    """Repeat drift detection here, or create a schedule if the stack's steps run elsewhere.

    Args:
        name: The pipeline.
        settings: Its settings.
        words: The command line, which is repeated without `--every`.
        every: The interval, or "never" to delete a schedule.
        stack: The stack; None for the active one.
        console: Where progress is shown.

    Returns:
        The exit code.

    Raises:
        UserError: If this pipeline cannot be repeated, or the interval is malformed.
    """
    if name != PIPELINE:
        raise UserError(f"--every needs --pipeline {PIPELINE}")
    interval = parse_interval(every)
    runtime_env.silence_framework_logs()
    with console.status("checking the stack …"):
        from cli.runner import runs_elsewhere
        from cli.stacks import select_stack

        select_stack(stack)
        if runs_elsewhere():
            from cli.schedule import update_schedule

            print(update_schedule(settings, interval))
            return 0
    if interval is None:
        raise UserError(f"--every {every} deletes a schedule; on this stack Ctrl-C stops watching")
    return watch([sys.executable, RUN, *without_every(words)], interval, console)


def without_every(words: Sequence[str]) -> list[str]:
    """Remove `--every T` or `--every=T` from a command line.

    Args:
        words: The command line.

    Returns:
        The other words, in order.
    """
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word != "--every" and not word.startswith("--every="):
            kept.append(word)
        skip = word == "--every"
    return kept


def watch(command: list[str], interval: Interval, console: Console) -> int:
    """Run a command now and then after each interval, until interrupted.

    A failed run is reported and watching continues, unless it is the first one. Each run is a
    separate process, so that none can affect the next.

    Args:
        command: The program and its arguments.
        interval: The time, or the number of faces, between two runs.
        console: Where waiting is shown.

    Returns:
        The exit code of the first run, if it failed; otherwise watching ends by an interrupt.
    """
    code = subprocess.call(command)
    if code:
        return code
    count = answered_faces if interval.faces else None
    while True:
        with console.status(f"watching: next check after {interval} (Ctrl-C stops)"):
            wait(interval, count)
        console.print(time.strftime("\n[dim]%Y-%m-%d %H:%M:%S[/]"))
        subprocess.call(command)


def wait(interval: Interval, count: Callable[[], int | None] | None) -> None:
    """Wait for the time to pass, or for the faces to arrive.

    Args:
        interval: What to wait for.
        count: Returns how many faces the endpoint has answered since it started; None if it does
            not answer.
    """
    if interval.seconds is not None:
        time.sleep(interval.seconds)
        return
    assert interval.faces is not None
    assert count is not None
    previous, arrived = count() or 0, 0
    while arrived < interval.faces:
        time.sleep(POLL_SECONDS)
        now = count()
        if now is not None:
            # A smaller count means that the endpoint was restarted in the meantime.
            arrived += now - previous if now >= previous else now
            previous = now


def answered_faces() -> int | None:
    """Return how many faces the active stack's endpoint has answered; None if it is down."""
    from components.deployers.base import active_deployer
    from faces.client import count_faces

    try:
        endpoint = active_deployer().endpoint()
        return count_faces(endpoint.url, headers=endpoint.headers)
    except (OperationError, UserError):
        return None
