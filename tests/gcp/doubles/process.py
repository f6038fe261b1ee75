"""A server as a process on a free port."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    ready: Callable[[], bool],
    timeout_seconds: float = 90,
) -> Iterator[None]:
    """Run a server during the block."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            assert process.poll() is None, f"{command[0]} ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"{command} is not ready: {log.read_text()[-2000:]}"
            time.sleep(0.1)
        yield
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]", timeout_seconds: float = 20) -> None:
    """End a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout_seconds)


def responds(url: str) -> Callable[[], bool]:
    """Return a function that checks whether a server responds at `url`."""

    def check() -> bool:
        try:
            return requests.get(url, timeout=5).status_code < 500
        except requests.RequestException:
            return False

    return check
