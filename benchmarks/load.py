"""Load generator for a server on this machine: each connection sends one request at a time.

One thread and plain sockets, so that the clients take little CPU time from the server. A load is
bounded in requests and in time.
"""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

END_OF_HEAD = b"\r\n\r\n"
CHUNKED = -1
RESPONSE_TIMEOUT_SECONDS = 30.0
"""The load ends after this time without any response: the server hangs."""

RECONNECT_SECONDS = 0.01

OnResponse = Callable[[int, bytes], None]


@dataclass
class Load:
    """The outcome of a load."""

    seconds: list[float] = field(default_factory=list)
    """Latency of each response with status 200."""
    failures: list[str] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Responses per second."""
        return len(self.seconds) / self.elapsed

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latency, in milliseconds."""
        return 1000 * float(np.percentile(self.seconds, percent))


class _Connection:
    """A client that sends a request, waits for the whole response, and sends the next one."""

    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self.address, self.selector = address, selector
        self.socket: socket.socket | None = None
        self.received = bytearray()
        self.number, self.sent_at = 0, 0.0
        self.expected: int | None = None

    def send(self, request: bytes, number: int) -> None:
        """Send a request, on a new connection if there is none."""
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=RESPONSE_TIMEOUT_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.number, self.expected = number, None
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what has arrived; return whether the response is complete."""
        assert self.socket is not None
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        self.received += part
        if self.expected is None:
            self.expected = _response_length(self.received)
        if self.expected == CHUNKED:
            return self.received.endswith(b"0\r\n\r\n")
        return self.expected is not None and len(self.received) >= self.expected

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self.socket is not None:
            self.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None


class _Generator:
    """Sends requests over several connections and records the outcome."""

    def __init__(
        self, requests: Sequence[bytes], count: int, seconds: float, on_response: OnResponse | None
    ) -> None:
        self.requests, self.count, self.on_response = requests, count, on_response
        self.load, self.sent = Load(), 0
        self.deadline = time.perf_counter() + seconds

    def send_next(self, connection: _Connection) -> None:
        """Send the next request; close the connection if there is none."""
        while self.sent < self.count and time.perf_counter() < self.deadline:
            number = self.sent
            self.sent += 1
            try:
                connection.send(self.requests[number % len(self.requests)], number)
                return
            except OSError as error:
                self._fail(connection, error)
                time.sleep(RECONNECT_SECONDS)
        connection.close()

    def proceed(self, connection: _Connection) -> None:
        """Read from a connection, and send the next request if the response is complete."""
        try:
            if not connection.receive():
                return
        except OSError as error:
            self._fail(connection, error)
        else:
            self._record(connection)
        self.send_next(connection)

    def _fail(self, connection: _Connection, error: OSError) -> None:
        self.load.failures.append(f"{type(error).__name__}: {error}")
        connection.close()

    def _record(self, connection: _Connection) -> None:
        head, _, body = bytes(connection.received).partition(END_OF_HEAD)
        if head.split(b" ", 2)[1] == b"200":
            self.load.seconds.append(time.perf_counter() - connection.sent_at)
            if self.on_response:
                self.on_response(connection.number, body)
        else:
            self.load.failures.append(f"{head.splitlines()[0].decode()}: {body[:200]!r}")
        if b"connection: close" in head.lower():
            connection.close()


def post(path: str, body: bytes, headers: str = "", content: str = "application/json") -> bytes:
    """Return a complete HTTP request."""
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
    on_response: OnResponse | None = None,
) -> Load:
    """Send requests in turn until enough are sent or the time is over.

    Any other status than 200 is a failure, and so is a lost connection, which is then reopened.

    Args:
        port: The server's port on this machine.
        requests: Complete HTTP requests; sent again from the first when all are sent.
        connections: The number of concurrent clients.
        seconds: How long to send.
        count: How many requests to send at most.
        on_response: Called with the number of each request and the body of its response.

    Returns:
        Latencies and failures.
    """
    generator, selector = (
        _Generator(requests, count, seconds, on_response),
        selectors.DefaultSelector(),
    )
    start = time.perf_counter()
    for _ in range(connections):
        generator.send_next(_Connection(("127.0.0.1", port), selector))
    while selector.get_map():
        ready = selector.select(RESPONSE_TIMEOUT_SECONDS)
        if not ready:
            generator.load.failures.append(f"no answer within {RESPONSE_TIMEOUT_SECONDS:.0f} s")
            break
        for key, _ in ready:
            generator.proceed(key.data)
    generator.load.elapsed = time.perf_counter() - start
    return generator.load


def _response_length(received: bytearray) -> int | None:
    """Return the bytes of the whole response; CHUNKED, or None while its head is incomplete."""
    end = received.find(END_OF_HEAD)
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    if b"transfer-encoding: chunked" in head:
        return CHUNKED
    start = head.find(b"content-length:")
    length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
    return end + len(END_OF_HEAD) + length
