"""Run a pipeline again and again: every so many minutes, or every so many faces."""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from faces.errors import OperationError, UserError

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
NEVER = "never"
EVERY = re.compile(r"(?P<number>[1-9]\d*) ?(?P<unit>s|min|h|faces)")
POLL_SECONDS = 2.0
"""Seconds between two looks at how many faces came."""


@dataclass(frozen=True)
class Interval:
    """How often: `seconds`, or else `faces` that the endpoint must have answered since."""

    seconds: float | None
    faces: int | None

    def __str__(self) -> str:
        if self.seconds is None:
            return f"{self.faces} faces"
        unit = next((u for u in ("h", "min") if self.seconds % UNITS[u] == 0), "s")
        return f"{self.seconds / UNITS[unit]:g} {unit}"


def parse_interval(text: str) -> Interval | None:
    """Read "10min" or "50faces", or "never", which gives None. Raises UserError."""
    if text == NEVER:
        return None
    found = EVERY.fullmatch(text.strip())
    if found is None:
        raise UserError(f"--every {text}: say 30s, 10min, 2h or 50faces")
    number, unit = int(found["number"]), found["unit"]
    return Interval(None, number) if unit == "faces" else Interval(number * UNITS[unit], None)


def watch(command: list[str], every: Interval, stack: str | None, console: Console) -> int:
    """Run `command` now and then every so often, until it is interrupted.

    A run that fails is told and does not end the watch, unless it is the first: then there is
    something to mend. Each run is a process of its own, so that none can harm the next.
    """
    code = subprocess.call(command)
    if code:
        return code
    count = count_on(stack) if every.faces else None
    while True:
        with console.status(f"watching: again after {every} (Ctrl-C ends it)"):
            wait(every, count)
        console.rule(time.strftime("%Y-%m-%d %H:%M:%S"), style="dim")
        subprocess.call(command)


def wait(every: Interval, count: Callable[[], int | None] | None) -> None:
    """Wait for the time to pass, or for the faces to come.

    `count` tells how many faces the endpoint answered since it started, None if it is down.
    """
    if every.seconds is not None:
        time.sleep(every.seconds)
        return
    assert every.faces is not None
    assert count is not None
    former, came = count() or 0, 0
    while came < every.faces:
        time.sleep(POLL_SECONDS)
        now = count()
        if now is not None:
            came += now - former if now >= former else now
            former = now


def count_on(stack: str | None) -> Callable[[], int | None]:
    """What counts the faces that a stack's endpoint answered."""
    from cli.runner import choose_stack
    from components.deployers.base import active_deployer
    from faces.client import count_faces

    choose_stack(stack)

    def count() -> int | None:
        try:
            endpoint = active_deployer().endpoint()
            return count_faces(endpoint.url, headers=endpoint.headers)
        except (OperationError, UserError):
            return None

    return count
