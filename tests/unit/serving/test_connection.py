"""Lines and bodies are read as from a file, however they arrive."""

import random
from io import BytesIO

import pytest

from serving.connection import ConnectionReader

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"


def connection(data: bytes, sizes: list[int]) -> ConnectionReader:
    """Return a reader of data that arrives in parts of these sizes, the rest at once."""
    stream, sizes = BytesIO(data), list(sizes)

    def receive_into(buffer: memoryview) -> int:
        part = stream.read(min(len(buffer), sizes.pop(0) if sizes else len(buffer)))
        buffer[: len(part)] = part
        return len(part)

    return ConnectionReader(receive_into)


@pytest.mark.parametrize("seed", range(20))
def test_lines_and_bodies_are_read_as_from_a_file(seed: int) -> None:
    chance = random.Random(seed)
    data = b"".join(chance.choice([b"a", b"\r\n", b"\n", b"bc" * 50]) for _ in range(300))
    file = BytesIO(data)
    reader = connection(data, [chance.randint(1, 40) for _ in range(100)])
    for _ in range(200):
        size = chance.randint(1, 60)
        if chance.random() < 0.5:
            assert reader.readline(size) == file.readline(size)
        else:
            assert reader.read(size) == file.read(size)


def test_bodies_larger_than_the_buffer_are_complete() -> None:
    data = bytes(range(256)) * 2000
    reader = connection(b"head\r\n" + data + b"next", [3, 100_000])
    assert reader.readline(100) == b"head\r\n"
    assert reader.read(len(data)) == data
    assert reader.read(100) == b"next"


def test_a_head_is_seen_without_being_read() -> None:
    reader = connection(REQUEST + REQUEST, [])
    head = REQUEST.removesuffix(b"body")
    assert reader.peek_head() == head
    assert reader.peek_head() == head
    reader.skip(len(head))
    assert reader.read(4) == b"body"
    assert reader.readline(100) == b"POST / HTTP/1.1\r\n"


def test_a_head_that_arrives_in_parts_is_not_seen() -> None:
    reader = connection(REQUEST, [20])
    assert reader.peek_head() == b""
    assert reader.readline(100) == b"POST / HTTP/1.1\r\n"
    assert reader.readline(100) == b"Host: x\r\n"
    assert connection(b"", []).peek_head() == b""
