"""Read the body of an HTTP request, by its length or in chunks."""

import re
from collections.abc import Callable
from typing import BinaryIO

from serving.http_head import EMPTY_LINE, MalformedRequestError, read_fields

CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e]*)?\r\n")
MAX_CHUNK_LINE_BYTES = 256


class RequestBody:
    """The body of a request, as WSGI's input: `read(size)` is all that this server's app uses.

    Args:
        stream: The client's connection, at the body.
        length: The body's length in bytes; None without a body, or if it is chunked.
        chunked: Whether it is chunked.
        proceed: Called before the first read, if the client waits for "100 Continue".
    """

    def __init__(
        self,
        stream: BinaryIO,
        length: int | None,
        chunked: bool,
        proceed: Callable[[], object] | None,
    ) -> None:
        self._stream, self._proceed = stream, proceed
        self._left = length or 0
        """Bytes left of the body, or of the present chunk."""
        self._chunked = chunked
        self._started = False

    @property
    def finished(self) -> bool:
        """Whether the whole body has been read."""
        return not self._left and not self._chunked

    def read(self, size: int) -> bytes:
        """Read a number of bytes, fewer at the end of the body.

        Args:
            size: The largest number of bytes.

        Returns:
            The bytes.

        Raises:
            MalformedRequestError: If the body is malformed, or ends early.
        """
        if self._proceed and not self.finished:
            proceed, self._proceed = self._proceed, None
            proceed()
        parts: list[bytes] = []
        while size and not self.finished:
            if not self._left:
                self._next_chunk()
                continue
            part = self._stream.read(min(size, self._left))
            if not part:
                raise MalformedRequestError("the body ends early")
            self._left -= len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _next_chunk(self) -> None:
        if self._started and self._stream.readline(len(EMPTY_LINE)) != EMPTY_LINE:
            raise MalformedRequestError("a chunk does not end where it should")
        self._started = True
        line = CHUNK_SIZE.fullmatch(self._stream.readline(MAX_CHUNK_LINE_BYTES))
        if line is None:
            raise MalformedRequestError("the size of a chunk is malformed")
        self._left = int(line[1], 16)
        if not self._left:
            read_fields(self._stream)
            self._chunked = False
