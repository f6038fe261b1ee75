"""Exclusive locks on capture files and their folder.

A capture file is locked by its writer for as long as it is open, so a file whose lock is free is
closed. The operating system releases the lock when the writer is killed.
"""

import fcntl
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
