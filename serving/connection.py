"""Buffered reading from a client's connection, with few system calls."""

from collections.abc import Callable

RECEIVE_BUFFER = memoryview(bytearray(65_536))
"""Shared by all connections: each copies what it has received before another one can run.

Memory of this size that is allocated for each request would be returned to the operating
system each time.
"""

END_OF_HEAD = b"\r\n\r\n"


class ConnectionReader:
    """Reads lines and bodies. It receives as much as there is, but only when it has to wait.

    Args:
        receive_into: A socket's `recv_into`.
    """

    closed = False
    """Always false: the socket is closed instead."""

    def __init__(self, receive_into: Callable[[memoryview], int]) -> None:
        self._receive_into = receive_into
        self._buffer = b""
        self._start = 0
        """Where the bytes begin that have not been read."""

    def peek_head(self) -> bytes:
        """Return the head of the next request without reading it, after waiting for its first byte.

        Returns:
            Everything to the first empty line; b"" if that has not arrived yet, or at the end.
        """
        if self._start == len(self._buffer):
            self._buffer, self._start = self._receive(), 0
        end = self._buffer.find(END_OF_HEAD, self._start)
        return self._buffer[self._start : end + len(END_OF_HEAD)] if end >= 0 else b""

    def skip(self, size: int) -> None:
        """Leave out bytes that have arrived.

        Args:
            size: Their number.
        """
        self._start += size

    def readline(self, limit: int) -> bytes:
        """Read to the end of the line.

        Args:
            limit: The largest number of bytes.

        Returns:
            The line with its line end, which is missing at the limit and at the end.
        """
        while True:
            end = self._buffer.find(b"\n", self._start, self._start + limit) + 1
            available = len(self._buffer) - self._start
            if end or available >= limit:
                return self._take((end or self._start + limit) - self._start)
            part = self._receive()
            if not part:
                return self._take(available)
            self._buffer, self._start = self._buffer[self._start :] + part, 0

    def read(self, size: int) -> bytes:
        """Read a number of bytes.

        Args:
            size: The number.

        Returns:
            The bytes, fewer at the end.
        """
        parts = [self._take(size)]
        missing = size - len(parts[0])
        while missing:
            part = self._receive(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _receive(self, limit: int = len(RECEIVE_BUFFER)) -> bytes:
        size = self._receive_into(RECEIVE_BUFFER[:limit])
        return bytes(RECEIVE_BUFFER[:size])

    def _take(self, size: int) -> bytes:
        end = self._start + size
        taken = self._buffer[self._start : end]
        if end < len(self._buffer):
            self._start = end
        else:
            self._buffer, self._start = b"", 0
        return taken
