"""A locked file that records are appended to, the small ones by way of a buffer.

The file begins with the buffer, which is mapped into the memory of its writer. What is copied there
is in the operating system's cache at once, as if it were written, and is still there if the process
is killed; but copying takes less time than a system call. From time to time, what is in the buffer
is moved to the end of the file with one call.
"""

import mmap
import os
from contextlib import ExitStack, closing
from pathlib import Path

from serving.capture.locks import BufferLock, create_locked

BUFFER_BYTES = 131_072
LARGE_BYTES = 65_536
"""From this size on, data is appended without the buffer."""

ZEROS = memoryview(bytes(BUFFER_BYTES))


class AppendFile:
    """A file that this process writes to.

    Args:
        path: The file, which is created.

    Raises:
        OSError: If it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        self.buffered = 0
        """Bytes in the buffer."""
        self._end = BUFFER_BYTES
        """Where data is appended."""
        with ExitStack() as opened:
            self._file = create_locked(path)
            opened.callback(os.close, self._file)
            try:
                self._lock = opened.enter_context(closing(BufferLock(path.parent)))
                # Copying to a mapping for which the disk has no space would end the process.
                self._write(ZEROS, 0)
                self._buffer = opened.enter_context(mmap.mmap(self._file, BUFFER_BYTES))
            except OSError:
                path.unlink()
                raise
            self._opened = opened.pop_all()

    @property
    def size(self) -> int:
        """Bytes that were appended."""
        return self._end - BUFFER_BYTES + self.buffered

    def append(self, data: bytes) -> None:
        """Append data.

        Args:
            data: The data.

        Raises:
            OSError: If not all of it could be written.
        """
        if len(data) >= LARGE_BYTES:
            self._write(data, self._end)
            self._end += len(data)
            return
        if self.buffered + len(data) > BUFFER_BYTES:
            self.flush()
        end = self.buffered + len(data)
        self._buffer[self.buffered : end] = data
        self.buffered = end

    def flush(self) -> None:
        """Move what is in the buffer to the end of the file.

        If the process is killed meanwhile, the file may contain it twice.

        Raises:
            OSError: If it cannot be written; it stays in the buffer.
        """
        with self._lock, memoryview(self._buffer)[: self.buffered] as buffered:
            self._write(buffered, self._end)
            self._end += self.buffered
            buffered[:] = ZEROS[: self.buffered]
            self.buffered = 0

    def close(self) -> None:
        """Cut off what was incompletely written, and release the lock; the buffer is kept."""
        with self._opened:
            is_small = self._end == BUFFER_BYTES
            os.ftruncate(self._file, self.buffered if is_small else self._end)

    def _write(self, data: bytes | memoryview, start: int) -> None:
        written = os.pwrite(self._file, data, start)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes: is the disk full?")
