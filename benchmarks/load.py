"""Clients for a server on this machine: connections that each send request after request.

One thread and plain sockets, so that the clients take as little as can be from the server beside
them. Bounded in count or time; it stops by itself.
"""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

BLANK = b"\r\n\r\n"
PATIENCE = 30.0
"""Seconds without any answer, after which the load ends: the server hangs."""


@dataclass
class Load:
    """What came of it: seconds each answer took, what failed, how long it all took."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.elapsed

    def percentile(self, share: float) -> float:
        """Milliseconds within which `share` percent were answered."""
        return 1000 * float(np.percentile(self.seconds, share))


class _Connection:
    """A client: it sends, waits for the whole answer, and sends again."""

    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self.address, self.selector = address, selector
        self.socket: socket.socket | None = None
        self.received = bytearray()
        self.number, self.sent = 0, 0.0
        self.expected: int | None = None

    def send(self, request: bytes, number: int) -> None:
        """Send a request, on a new connection if there is none."""
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.number, self.expected = number, None
        self.received.clear()
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def complete(self) -> bool:
        """Read what is there; whether the answer is whole. ConnectionError if the server left."""
        assert self.socket is not None
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        self.received += part
        if self.expected is None:
            self.expected = _length(self.received)
        if self.expected == -1:
            return self.received.endswith(b"0\r\n\r\n")
        return self.expected is not None and len(self.received) >= self.expected

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.socket is not None:
            self.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None


def post(path: str, body: bytes, headers: str = "", content: str = "application/json") -> bytes:
    """A whole HTTP request."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content}\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def run_load(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float = 600.0,
    count: int = 10_000_000,
    answered: Callable[[int, bytes], None] | None = None,
) -> Load:
    """Send `requests` over and over until `count` are sent or `seconds` are over.

    Everything but status 200 is a failure, a lost connection too; the connection is then opened
    anew. `answered` is told the number of each request and its answer's body.
    """
    load, selector = Load(), selectors.DefaultSelector()
    begin = time.perf_counter()
    sent = 0

    def proceed(connection: _Connection) -> None:
        nonlocal sent
        while sent < count and time.perf_counter() - begin < seconds:
            sent += 1
            try:
                connection.send(requests[(sent - 1) % len(requests)], sent - 1)
                return
            except OSError as error:
                fail(connection, error)
                time.sleep(0.01)
        connection.close()

    def fail(connection: _Connection, error: OSError) -> None:
        load.failures.append(f"{type(error).__name__}: {error}")
        connection.close()

    for _ in range(connections):
        proceed(_Connection(("127.0.0.1", port), selector))
    while selector.get_map():
        ready = selector.select(PATIENCE)
        if not ready:
            load.failures.append(f"no answer within {PATIENCE:.0f} s")
            break
        for key, _ in ready:
            connection: _Connection = key.data
            try:
                if not connection.complete():
                    continue
            except OSError as error:
                fail(connection, error)
                proceed(connection)
                continue
            _judge(connection, load, answered)
            proceed(connection)
    load.elapsed = time.perf_counter() - begin
    return load


def _judge(
    connection: _Connection, load: Load, answered: Callable[[int, bytes], None] | None
) -> None:
    """Write down what came of a request whose whole answer is there."""
    head, _, body = bytes(connection.received).partition(BLANK)
    if head.split(b" ", 2)[1] == b"200":
        load.seconds.append(time.perf_counter() - connection.sent)
        if answered:
            answered(connection.number, body)
    else:
        load.failures.append(f"{head.splitlines()[0].decode()}: {body[:200]!r}")
    if b"connection: close" in head.lower():
        connection.close()


def _length(received: bytearray) -> int | None:
    """Bytes of the whole answer, -1 if it comes in chunks, None while the head is incomplete."""
    end = received.find(BLANK)
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    if b"transfer-encoding: chunked" in head:
        return -1
    place = head.find(b"content-length:")
    return end + len(BLANK) + (int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0)
