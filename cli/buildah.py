"""Run commands such as buildah, and containers of this project's images."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from cli.runtime_env import ROOT
from faces.errors import OperationError

PREFIX = "face-recognizer-"
TIMEOUT_SECONDS = 30.0
"""Seconds that a container may take to start or to end."""


@contextmanager
def container_of(image: str) -> Iterator[str]:
    """Create a container of an image, and remove it afterwards.

    Args:
        image: `PIPELINES` or `SERVING`.

    Yields:
        The container's name.

    Raises:
        OperationError: If the image does not exist.
    """
    container = run("buildah", "from", f"{PREFIX}{image}").strip()
    try:
        yield container
    finally:
        run("buildah", "rm", container)


def end_container(buildah: "subprocess.Popen[bytes]") -> None:
    """Terminate the process inside: buildah itself, if terminated, would have it killed.

    Args:
        buildah: The process of `buildah run`, which ends with the one inside.
    """
    inside = psutil.Process(buildah.pid).children(recursive=True)
    servers = [process for process in inside if "python" in process.name()]
    if servers:
        servers[0].terminate()
    buildah.wait(TIMEOUT_SECONDS)


def run(*command: str) -> str:
    """Run a command in the repository's folder.

    Args:
        command: The program and its arguments.

    Returns:
        What it printed to stdout.

    Raises:
        OperationError: If it fails, with its last lines.
    """
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if process.returncode:
        lines = (process.stderr or process.stdout).strip().splitlines()[-3:]
        raise OperationError(f"{' '.join(command[:3])} … failed: {' / '.join(lines)}")
    return process.stdout
