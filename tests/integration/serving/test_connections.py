"""Framing, time limits and number of connections, with bytes sent over a socket."""

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from serving.settings import ServerSettings, log_file

PING = b"GET /health/ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
PREDICT = (
    b"POST /api/v1.0/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)
FACE = json.dumps({"data": {"ndarray": [[0.5] * 4096]}}).encode()


def connect(server: ServerSettings) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=10)


def exchange(server: ServerSettings, data: bytes) -> list[bytes]:
    """Send bytes, and return the status codes of what is answered until the connection ends."""
    with connect(server) as client:
        client.sendall(data)
        client.settimeout(0.5)
        received = b""
        with suppress(TimeoutError, ConnectionResetError):
            while part := client.recv(65536):
                received += part
    return [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\x0b\r\n",
        b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 0\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 1_0\r\n",
    ],
)
def test_no_request_is_smuggled(server: ServerSettings, framing: bytes) -> None:
    """An ambiguous request is refused, and what follows it on the connection is not answered."""
    assert exchange(server, PREDICT + framing + b"\r\n0\r\n\r\n" + PING) == [b"400"]


def test_a_malformed_chunk_ends_the_connection(server: ServerSettings) -> None:
    chunks = b"Transfer-Encoding: chunked\r\n\r\n3;\nx\r\nabc\r\n0\r\n\r\n"
    assert exchange(server, PREDICT + chunks + PING) == [b"400"]


def test_requests_can_be_pipelined_after_chunks(server: ServerSettings) -> None:
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(FACE), FACE)
    request = PREDICT + b"Transfer-Encoding: chunked\r\n\r\n" + chunk
    assert exchange(server, request + PING + request) == [b"200"] * 3


def test_a_head_that_is_repeated_is_answered_like_the_first(server: ServerSettings) -> None:
    """A head is parsed once if it is repeated: its body is not."""
    request = PREDICT + b"Content-Length: %d\r\n\r\n" % len(FACE)
    bad = b" " * len(FACE)
    sent = [(request + FACE, b"200"), (request + bad, b"400"), (PING, b"200"), (PING, b"200")]
    sent += [(b"\r\n" + request + FACE, b"200"), (PREDICT + b"X: 1\r\n\r\n", b"400")]
    with connect(server) as client:
        for data, status in [*sent, *sent]:
            client.sendall(data)
            assert client.recv(65536).startswith(b"HTTP/1.1 " + status), data[:200]
    closing = request.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n" + FACE
    assert exchange(server, closing + PING) == [b"200"]


def test_a_body_that_is_too_large_is_not_read_to_its_end(server: ServerSettings) -> None:
    sent = 0
    with connect(server) as client:
        client.sendall(PREDICT + b"Content-Length: 1000000000\r\n\r\n")
        with suppress(OSError):
            while sent < 200_000_000:
                sent += client.send(b" " * 1_000_000)
    assert sent < 100_000_000


def test_time_between_requests_does_not_count_as_time_of_a_request(start) -> None:
    server: ServerSettings = start(request_timeout_seconds=3)
    with connect(server) as client:
        client.sendall(PING)
        assert client.recv(65536).endswith(b"pong")
        time.sleep(2)
        client.sendall(PREDICT + b"Content-Length: %d\r\n\r\n" % len(FACE))
        time.sleep(2)
        client.sendall(FACE)
        assert client.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.fixture
def open_files() -> Iterator[None]:
    """Allow this process two thousand connections."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 4096:
        pytest.skip("this process may not open enough files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("open_files")
def test_a_new_client_is_answered_beside_two_thousand_that_wait(server: ServerSettings) -> None:
    heads = (b"", b"GET /health", PING[:-2], PREDICT + b"Content-Length: 40000\r\n\r\n{")
    with ExitStack() as stack:
        for number in range(2000):
            client = stack.enter_context(connect(server))
            client.sendall(heads[number % len(heads)])
        start_time = time.perf_counter()
        with connect(server) as client:
            client.sendall(PING)
            assert client.recv(65536).endswith(b"pong")
        assert time.perf_counter() - start_time < 1
    assert "Error" not in log_file(Path(server.folder)).read_text()
