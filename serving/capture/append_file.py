"""A locked file that records are appended to, with space reserved ahead of them.

Zeros are written ahead in larger parts, and records over them: the operating system then finds the
pages in its cache, and a record takes half the time of an appended one. If the process is killed,
the file ends with zeros; they are cut off when it is closed.
"""

import os
from pathlib import Path

from serving.capture.locks import create_locked

RESERVED_BYTES = 262_144


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
            zeros = bytes(end + RESERVED_BYTES - self._reserved)
            self._reserved += os.pwrite(self._file, zeros, self._reserved)
        written = os.pwrite(self._file, data, self.size)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes: is the disk full?")
        self.size = end

    def close(self) -> None:
        """Cut off what was reserved or incompletely written, and release the lock."""
        try:
            os.ftruncate(self._file, self.size)
        finally:
            os.close(self._file)
