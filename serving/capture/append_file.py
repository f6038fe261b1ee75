"""A locked file that records are appended to, with space reserved ahead of them.

Zeros are written ahead in larger parts, and records over them: the operating system then finds the
pages in its cache, and a record takes half the time of an appended one. If the process is killed,
the file ends with zeros; they are cut off when it is closed.
"""

import os
from pathlib import Path

from serving.capture.locks import create_locked

RESERVED_BYTES = 262_144
RESERVED_WHEN_IDLE = 65_536
"""Less, since a request may arrive meanwhile."""


class AppendFile:
    """A file that this process writes to.

    Args:
        path: The file, which is created.

    Raises:
        OSError: If it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        self.size = 0
        """Bytes that were appended."""
        self._file, self._reserved = create_locked(path), 0

    def append(self, data: bytes) -> None:
        """Append data.

        Args:
            data: The data.

        Raises:
            OSError: If not all of it could be written.
        """
        end = self.size + len(data)
        if end > self._reserved:
            self._reserve(end + RESERVED_BYTES)
        written = os.pwrite(self._file, data, self.size)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes: is the disk full?")
        self.size = end

    def reserve(self) -> None:
        """Reserve space if little is left: the next record then does not wait for it.

        Raises:
            OSError: If there is none.
        """
        if self._reserved < self.size + RESERVED_WHEN_IDLE:
            self._reserve(self._reserved + RESERVED_WHEN_IDLE)

    def close(self) -> None:
        """Cut off what was reserved or incompletely written, and release the lock."""
        try:
            os.ftruncate(self._file, self.size)
        finally:
            os.close(self._file)

    def _reserve(self, end: int) -> None:
        zeros = bytes(end - self._reserved)
        self._reserved += os.pwrite(self._file, zeros, self._reserved)
