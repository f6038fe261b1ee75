"""Show the progress of a run: one line per step; framework logs are hidden."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from cli.runtime_env import logs_json, silence_google_logs, writes_to_terminal
from serving.log_format import FIELDS, JsonFormatter

STARTED = re.compile(r"^Step `(?P<step>[\w:]+)` has started")
FINISHED = re.compile(r"^Step `(?P<step>[\w:]+)` has finished in `(?P<time>[^`]+)`")
CACHED = re.compile(r"^Using cached version of step `(?P<step>[\w:]+)`")


EVENTS = {"started": STARTED, "finished": FINISHED, "cached": CACHED}


class StepLines(logging.Handler):
    """Turns ZenML's log records about steps into short lines on a console."""

    def __init__(self, console: Console, status: Status) -> None:
        super().__init__(logging.INFO)
        self.console, self.status = console, status

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a record says about a step, and ignore all other records.

        Args:
            record: A log record of ZenML, or of the logger `progress`, which updates the spinner.
        """
        text = record.getMessage()
        if record.name == "progress":
            self.status.update(text)
        if match := STARTED.match(text):
            self.status.update(f"{step_title(match['step'])} …")
        elif match := FINISHED.match(text):
            self.console.print(f"  [green]✓[/] {step_title(match['step'])} [dim]{match['time']}[/]")
        elif match := CACHED.match(text):
            self.console.print(f"  [green]✓[/] {step_title(match['step'])} [dim]cached[/]")


class StepEvents(logging.Handler):
    """Writes log records as JSON; those about steps have fields for run, step and event."""

    run = ""
    """The run's name, set before it starts. A process runs one pipeline at a time."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.formatter = JsonFormatter()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record to stderr, except for the spinner's texts.

        Args:
            record: A log record of any library.
        """
        if record.name == "progress":
            return
        text, fields = record.getMessage(), {"run": self.run}
        for event, pattern in EVENTS.items():
            if match := pattern.match(text):
                fields |= {"event": event, "step": match["step"]}
                fields |= {"duration": match["time"]} if event == "finished" else {}
        setattr(record, FIELDS, fields)
        print(self.format(record), file=sys.stderr, flush=True)


@contextmanager
def show_progress(console: Console, title: str) -> Iterator[Status]:
    """Show steps as they run; with ZENML_LOGGING_VERBOSITY set, ZenML's own lines instead.

    Args:
        console: Where finished steps are printed.
        title: The spinner's first text.

    Yields:
        The spinner, to change its text.
    """
    root = logging.getLogger()
    handlers, verbose = root.handlers[:], "ZENML_LOGGING_VERBOSITY" in os.environ
    with console.status(title) as status:
        steps = StepEvents() if logs_json() else StepLines(console, status)
        if not verbose:
            root.handlers = [h for h in handlers if not writes_to_terminal(h)] + [steps]
            silence_google_logs()
        try:
            yield status
        finally:
            if not verbose:
                root.handlers = handlers


def step_title(step: str) -> str:
    """Return a step's name as people read it.

    Args:
        step: The name of its function; `map:NAME:3` for the fourth of mapped steps.
    """
    return step.removeprefix("map:").replace(":", " ").replace("_", " ")
