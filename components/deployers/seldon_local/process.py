"""The local server's process: start, stop, restart when needed, and report its state.

A running server holds the lock in its folder (serving/process_lock.py). `process.json` exists from
its start until it is stopped, and has a hash of what it was started with.
"""

import hashlib
import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import requests
from filelock import BaseFileLock, FileLock

from components.deployers.seldon_local.environment import REQUIREMENTS, ROOT, ensure_environment
from components.deployers.seldon_local.ports import require_free_port
from components.deployers.seldon_local.server_log import last_log_line
from faces.errors import OperationError
from serving import server
from serving.process_lock import holder
from serving.settings import (
    ServerSettings,
    atomic_write,
    log_file,
    read_settings,
    write_settings,
)
from serving.tokens import FEEDBACK_TOKENS, TOKEN, Tokens
from store.code_hash import code_hash

START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS, PING_TIMEOUT_SECONDS = 60.0, 15.0, 5.0
POLL_SECONDS = 0.05


def ensure_running(settings: ServerSettings, tokens: Tokens | None) -> None:
    """Start the server, or restart it if its settings, tokens, packages or code have changed.

    Args:
        settings: The settings that the server must run with.
        tokens: The bearer tokens of clients, if they must send one.

    Raises:
        OperationError: If the server does not start. If the new port is taken, the server that is
            running stays.
    """
    folder = Path(settings.folder)
    if running(folder):
        if is_up_to_date(settings, tokens):
            return
        present = read_settings(folder)
        if (present.host, present.port) != (settings.host, settings.port):
            require_free_port(settings.host, settings.port)
    stop(folder)
    write_settings(settings)
    start(settings, tokens)


def start(settings: ServerSettings, tokens: Tokens | None) -> None:
    """Start a server that outlives this process, and wait until it responds.

    Args:
        settings: The server's settings, which are in its folder already.
        tokens: The bearer tokens of clients, if they must send one.

    Raises:
        OperationError: If the port is taken or the server does not start; with its last log line.
    """
    folder = Path(settings.folder)
    python = ensure_environment()
    require_free_port(settings.host, settings.port)
    with log_file(folder).open("ab") as log:
        process = subprocess.Popen(
            [str(python), "-m", server.__name__, str(folder)],
            cwd=ROOT,
            env=_environment(tokens),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    record = {"fingerprint": _fingerprint(settings, tokens)}
    atomic_write(_record_file(folder), json.dumps(record).encode())
    _await_response(settings, process)


def resume(settings: ServerSettings, tokens: Tokens | None) -> None:
    """Start a server that was stopped, or does not run since the machine was restarted.

    Args:
        settings: The server's settings, which are in its folder already.
        tokens: The bearer tokens of clients, if they must send one.

    Raises:
        OperationError: If it does not start.
    """
    folder = Path(settings.folder)
    with exclusive_lock(folder):
        if running(folder) is None:
            stop(folder)  # workers may outlive their master by a moment
            start(settings, tokens)


def stop(folder: Path) -> None:
    """Stop the server, if it is running, after it has answered its current requests.

    Args:
        folder: The server's folder.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        group = holder(folder)
        if group is None:
            break
        with suppress(ProcessLookupError):
            os.killpg(group, number)
        _await_end(folder)
    _record_file(folder).unlink(missing_ok=True)


def running(folder: Path) -> psutil.Process | None:
    """Find the server's process.

    Args:
        folder: The server's folder.

    Returns:
        The process; None if it was stopped or has crashed.
    """
    with suppress(psutil.NoSuchProcess):
        if pid := holder(folder):
            process = psutil.Process(pid)
            return process if process.status() != psutil.STATUS_ZOMBIE else None
    return None


def has_crashed(folder: Path) -> bool:
    """Return whether a server was started, was not stopped, and is not running.

    Args:
        folder: The server's folder.
    """
    return _read_record(folder) is not None and running(folder) is None


def is_up_to_date(settings: ServerSettings, tokens: Tokens | None) -> bool:
    """Return whether the server was started with these settings and the present code.

    Args:
        settings: The settings that it should run with.
        tokens: The bearer tokens that it should require, if any.
    """
    record = _read_record(Path(settings.folder))
    return record is not None and record.get("fingerprint") == _fingerprint(settings, tokens)


def is_responding(settings: ServerSettings) -> bool:
    """Return whether the server answers a ping within `PING_TIMEOUT_SECONDS`.

    Args:
        settings: The settings that it runs with, for its address.
    """
    try:
        url = f"{settings.url}/health/ping"
        return requests.get(url, timeout=PING_TIMEOUT_SECONDS).text == "pong"
    except requests.RequestException:
        return False


def exclusive_lock(folder: Path) -> BaseFileLock:
    """Return the lock under which a server is started, stopped or changed.

    Args:
        folder: The server's folder, which is created if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(folder / "deployer.lock")


def _await_response(settings: ServerSettings, process: "subprocess.Popen[bytes]") -> None:
    folder = Path(settings.folder)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not is_responding(settings):
        if process.poll() is not None:
            _record_file(folder).unlink(missing_ok=True)
            raise OperationError(f"the server did not start: {last_log_line(folder)}")
        if time.monotonic() > deadline:
            stop(folder)
            raise OperationError(
                f"the server did not respond within {START_TIMEOUT_SECONDS:.0f} s; it was stopped"
            )
        time.sleep(POLL_SECONDS)


def _await_end(folder: Path) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while holder(folder) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _environment(tokens: Tokens | None) -> dict[str, str]:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    for name in (TOKEN, FEEDBACK_TOKENS):
        environment.pop(name, None)
    return environment | (tokens.to_environment() if tokens else {})


def _record_file(folder: Path) -> Path:
    return folder / "process.json"


def _read_record(folder: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(_record_file(folder).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return record


def _fingerprint(settings: ServerSettings, tokens: Tokens | None) -> str:
    """Hash everything whose change needs a restart: settings, tokens, packages and code."""
    code = code_hash(server.__name__)
    secret = tokens.to_environment() if tokens else None
    content = repr((settings, secret, code)).encode() + REQUIREMENTS.read_bytes()
    return hashlib.sha256(content).hexdigest()
