"""Exclusive locks on capture files and their folder.

A capture file is locked by its writer for as long as it is open, so a file whose lock is free is
closed. The operating system releases the lock when the writer is killed.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def try_lock(file: IO[Any]) -> bool:
    """Lock a file exclusively, unless another process holds its lock.

    Args:
        file: An open file; closing it releases the lock.

    Returns:
        Whether the lock is held now.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def folder_lock(folder: Path) -> Iterator[bool]:
    """Lock the maintenance of a folder's closed files, unless another process holds the lock.

    Args:
        folder: The folder, which is created if it is missing.

    Yields:
        Whether the lock is held.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as file:
        yield try_lock(file)


class BufferLock:
    """While it is entered, no writer of the folder moves anything out of the buffer of its file.

    Args:
        folder: A folder of capture files.
    """

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(folder / ".buffers.lock", flags, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release what the lock needs."""
        os.close(self._file)


def create_locked(path: Path) -> int:
    """Create a file and lock it; again if maintenance removes it before it is locked.

    Args:
        path: The file.

    Returns:
        Its descriptor, open for reading and writing.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return file
        os.close(file)
