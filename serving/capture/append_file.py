"""A locked file that records are appended to, with space reserved ahead of small ones.

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

LARGE_BYTES = 32_768
"""From this size on, data is appended: the operating system allocates it in large parts anyway."""

ZEROS = memoryview(bytes(RESERVED_BYTES))


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
        self.reserved = 0
        """Where the reserved space ends."""
        self._file = create_locked(path)

    def append(self, data: bytes) -> None:
        """Append data.

        Args:
            data: The data.

        Raises:
            OSError: If not all of it could be written.
        """
        end = self.size + len(data)
        if end > self.reserved and len(data) < LARGE_BYTES:
            self._reserve(RESERVED_BYTES)
        written = os.pwrite(self._file, data, self.size)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes: is the disk full?")
        self.size = end

    def reserve(self) -> None:
        """Reserve space for the next records, which then do not wait for it.

        Raises:
            OSError: If there is none.
        """
        self._reserve(RESERVED_WHEN_IDLE)

    def close(self) -> None:
        """Cut off what was reserved or incompletely written, and release the lock."""
        try:
            os.ftruncate(self._file, self.size)
        finally:
            os.close(self._file)

    def _reserve(self, size: int) -> None:
        start = max(self.size, self.reserved)
        self.reserved = start + os.pwrite(self._file, ZEROS[:size], start)
