"""Run commands of run.py for the pages, so that all changes are made in the same way."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faces.errors import OperationError

RUN = Path(__file__).parents[1] / "run.py"
ERROR = "error: "


class Command:
    """A command of run.py that runs in its own process.

    Args:
        words: The command line without the program's name.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self._process: asyncio.subprocess.Process | None = None

    async def lines(self) -> AsyncIterator[str]:
        """Run the command.

        Yields:
            Lines of its output: finished steps, then the summary.

        Raises:
            OperationError: If it fails, with the line that says why.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(RUN), *self._words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert self._process.stdout is not None
        last = ""
        async for raw in self._process.stdout:
            if line := raw.decode(errors="replace").strip():
                last = line
                yield line
        if await self._process.wait() != 0:
            raise OperationError(last.removeprefix(ERROR) or "the command failed")

    def cancel(self) -> None:
        """Interrupt the command, as Ctrl-C does."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)


async def run_pipeline(name: str, *options: str) -> dict[str, Any]:
    """Run a pipeline and wait for its end.

    Args:
        name: The pipeline.
        *options: Its options.

    Returns:
        Its summary, as `--summary` writes it.

    Raises:
        OperationError: If it fails.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "summary.json"
        async for _ in Command(["--pipeline", name, *options, "--summary", str(file)]).lines():
            pass
        summary: dict[str, Any] = json.loads(file.read_text())
        return summary
