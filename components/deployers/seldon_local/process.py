"""The server as a process: start it, stop it, and say how it is.

`process.json` in the server's folder says which process it is. A number alone would not do: after a
crash the system may have given it to another, so the time it was started is kept too.
"""

import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import requests

from components.deployers.seldon_local.environment import REQUIREMENTS, ROOT, ensure_environment
from faces.errors import OperationError
from serving.settings import TOKEN, ServerSettings, atomic_write

START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS = 60.0, 15.0
"""Seconds that a server may take."""
NEEDS = ("serving/*.py", "faces/runtime/portable.py", "faces/runtime/capture_format.py")


def start(settings: ServerSettings, token: str | None) -> None:
    """Start a server that outlives this process, and wait until it answers.

    Raises OperationError with what it said if it does not come up, or if its port is taken.
    """
    folder = Path(settings.folder)
    python = ensure_environment()
    _check_port(settings)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    environment.pop(TOKEN, None)
    if token:
        environment[TOKEN] = token
    with log_file(folder).open("ab") as log:
        process = subprocess.Popen(
            [str(python), "-m", "serving.server", str(folder)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    record = {
        "pid": process.pid,
        "created": psutil.Process(process.pid).create_time(),
        "version": _version(settings, token),
    }
    atomic_write(_record_file(folder), json.dumps(record).encode())
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not is_responding(settings):
        if process.poll() is not None:
            _record_file(folder).unlink(missing_ok=True)
            raise OperationError(f"the server did not start: {last_log_line(folder)}")
        if time.monotonic() > deadline:
            stop(folder)
            raise OperationError(
                f"the server did not answer within {START_TIMEOUT_SECONDS:.0f} s; it was stopped"
            )
        time.sleep(0.05)


def stop(folder: Path) -> None:
    """Stop the server, if it runs; what it is answering is answered first."""
    process = running(folder)
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except psutil.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_TIMEOUT_SECONDS)
    _record_file(folder).unlink(missing_ok=True)


def running(folder: Path) -> psutil.Process | None:
    """The server's process; None if it was stopped, or is gone."""
    record = _read_record(folder)
    if record is None:
        return None
    try:
        process = psutil.Process(int(record["pid"]))
        same = abs(process.create_time() - float(record["created"])) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def has_crashed(folder: Path) -> bool:
    """Whether there is a record of a server that nobody stopped, and it is gone."""
    return _read_record(folder) is not None and running(folder) is None


def up_to_date(settings: ServerSettings, token: str | None) -> bool:
    """Whether the server runs with these settings and with the code as it is now."""
    record = _read_record(Path(settings.folder))
    return record is not None and record["version"] == _version(settings, token)


def is_responding(settings: ServerSettings) -> bool:
    """Whether the server says 'pong'."""
    try:
        return requests.get(f"{settings.url}/health/ping", timeout=5).text == "pong"
    except requests.RequestException:
        return False


def last_log_line(folder: Path) -> str:
    """The last line of a server's log that says something."""
    try:
        lines = log_file(folder).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")


def log_file(folder: Path) -> Path:
    """Where a server's log is."""
    return folder / "server.log"


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Hold a server's lock: one process at a time starts, stops or changes it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "deployer.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _record_file(folder: Path) -> Path:
    return folder / "process.json"


def _read_record(folder: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(_record_file(folder).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return record


def _version(settings: ServerSettings, token: str | None) -> str:
    """What a running server would have to be started anew for, as a hash."""
    digest = hashlib.sha256(repr((settings, token)).encode() + REQUIREMENTS.read_bytes())
    for file in sorted(file for pattern in NEEDS for file in ROOT.glob(pattern)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _check_port(settings: ServerSettings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            place, owner = f"{settings.host}:{settings.port}", _owner(settings.port)
            raise OperationError(
                f"{place} cannot be used ({error.strerror}){owner}: stop what uses it, or set "
                "endpoint.port in configs/deployment.yaml"
            ) from error


def _owner(port: int) -> str:
    """Who listens on a port, as far as the system tells."""
    with suppress(psutil.Error):
        for found in psutil.net_connections("tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
                return f" by {psutil.Process(found.pid).name()}, process {found.pid}"
    return ""
