"""The lock that a server holds while it runs. It identifies the server's process.

Process ids are reused, and start times move when the clock is set. The operating system releases
the lock when the last process of the server ends, however it ends.
"""

import fcntl
import os
import time
from pathlib import Path

ACQUIRE_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.05


def lock_file(folder: Path) -> Path:
    """Return the path of a server's lock.

    Args:
        folder: The server's folder.
    """
    return folder / "server.lock"


def acquire(folder: Path) -> None:
    """Hold the lock until this process and those that it forks have ended.

    Args:
        folder: The server's folder.

    Raises:
        TimeoutError: If another server holds it.
    """
    descriptor = os.open(lock_file(folder), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + ACQUIRE_TIMEOUT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"another server is running in {folder}") from None
            time.sleep(POLL_SECONDS)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())


def holder(folder: Path) -> int | None:
    """Return the id of the process that acquired the lock, while it is held.

    Args:
        folder: The server's folder.

    Returns:
        The process id, which is also the id of the server's process group; None if no server runs.
    """
    try:
        with lock_file(folder).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
            return None
    except FileNotFoundError:
        return None
