"""Progress of a run for a person: a line a step, and none of the frameworks' own log lines."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from cli.runtime_env import silence_google_logs, writes_to_terminal

STARTED = re.compile(r"^Step `(?P<step>\w+)` has started")
FINISHED = re.compile(r"^Step `(?P<step>\w+)` has finished in `(?P<time>[^`]+)`")
CACHED = re.compile(r"^Using cached version of step `(?P<step>\w+)`")


class StepLines(logging.Handler):
    """Turns ZenML's log of steps into short lines on a console."""

    def __init__(self, console: Console, status: Status) -> None:
        super().__init__(logging.INFO)
        self.console, self.status = console, status

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a record says of a step; pass over everything else."""
        text = record.getMessage()
        if record.name == "progress":
            self.status.update(text)
        if found := STARTED.match(text):
            self.status.update(f"{title(found['step'])} …")
        elif found := FINISHED.match(text):
            self.console.print(f"  [green]✓[/] {title(found['step'])} [dim]{found['time']}[/]")
        elif found := CACHED.match(text):
            self.console.print(f"  [green]✓[/] {title(found['step'])} [dim]as before[/]")


@contextmanager
def show_progress(console: Console, title: str) -> Iterator[Status]:
    """Show steps as they run. Who sets ZENML_LOGGING_VERBOSITY gets ZenML's own lines instead."""
    root = logging.getLogger()
    former, verbose = root.handlers[:], "ZENML_LOGGING_VERBOSITY" in os.environ
    with console.status(title) as status:
        steps = StepLines(console, status)
        if not verbose:
            root.handlers = [h for h in former if not writes_to_terminal(h)] + [steps]
            silence_google_logs()
        try:
            yield status
        finally:
            if not verbose:
                root.handlers = former


def title(step: str) -> str:
    """A step's name as people read it."""
    return step.replace("_", " ").replace("pca", "PCA")
