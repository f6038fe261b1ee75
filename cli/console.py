"""Consoles: formatted on a terminal, plain where the output goes to a file or another command."""

import os
import re
import sys
from typing import TextIO

from rich.console import Console

from cli.runtime_env import logs_json

UNLIMITED_WIDTH = 100_000
TRAILING_SPACES = re.compile(r"[ \t]+$", re.MULTILINE)


def make_console(stderr: bool = False) -> Console:
    """Create a console for the terminal or for redirected output.

    Redirected output is not wrapped, unless the environment variable COLUMNS sets its width, and
    its lines have no trailing spaces.

    Args:
        stderr: Whether to print to stderr instead of stdout.

    Returns:
        The console.
    """
    stream = sys.stderr if stderr else sys.stdout
    if stderr and logs_json():
        return Console(quiet=True)
    if stream.isatty():
        return Console(stderr=stderr, highlight=False)
    width = None if os.environ.get("COLUMNS") else UNLIMITED_WIDTH
    return Console(file=_Trimmed(stream), width=width, highlight=False)  # type: ignore[arg-type]


class _Trimmed:
    """A stream that omits spaces at the end of lines: tables pad their cells with them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write lines without trailing spaces. Rich writes whole lines."""
        return self._stream.write(TRAILING_SPACES.sub("", text))
