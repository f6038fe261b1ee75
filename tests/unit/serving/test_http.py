"""The parser of HTTP requests refuses what RFC 9112 calls malformed or ambiguous."""

import string
from io import BytesIO

import pytest

from serving.http_body import RequestBody
from serving.http_head import MalformedRequestError, RequestHead, read_head

POST = b"POST /p?q=1 HTTP/1.1\r\n"


def parse(head: bytes) -> RequestHead:
    stream = BytesIO(head)
    return read_head(stream.readline(), stream)


def test_a_head_is_read_to_the_empty_line() -> None:
    stream = BytesIO(
        POST + b"Host: faces:9000\r\nContent-Length:  12 \r\nX-A: 1\r\nx-a:\t2\r\n\r\nbody"
    )
    head = read_head(stream.readline(), stream)
    assert (head.method, head.target, head.version) == ("POST", "/p?q=1", "HTTP/1.1")
    assert head.fields == {"host": "faces:9000", "content-length": "12", "x-a": "1, 2"}
    assert (head.content_length, head.chunked, head.keep_alive) == (12, False, True)
    assert stream.read() == b"body"


def test_the_absolute_form_names_the_host() -> None:
    head = parse(b"GET http://one:1/path HTTP/1.1\r\nHost: two\r\n\r\n")
    assert head.target == "/path"
    assert head.fields["host"] == "one:1"


@pytest.mark.parametrize(
    ("line", "keep_alive"),
    [
        (b"", True),
        (b"Connection: close\r\n", False),
        (b"Connection: Keep-Alive, Close\r\n", False),
    ],
)
def test_the_connection_field_says_whether_it_ends(line: bytes, keep_alive: bool) -> None:
    assert parse(POST + b"Host: x\r\n" + line + b"\r\n").keep_alive is keep_alive
    assert not parse(b"GET / HTTP/1.0\r\n\r\n").keep_alive
    assert parse(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive


@pytest.mark.parametrize(
    "line",
    [
        b"GET /\r\n",
        b"GET / HTTP/0.9\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET / HTTP/1.1\n",
        b"GET  / HTTP/1.1\r\n",
        b"GET / HTTP/1.1 \r\n",
        b"get / HTTP/1.1\r\n",
        b"GET /a b HTTP/1.1\r\n",
        b"GET /\xff HTTP/1.1\r\n",
        b"GET * HTTP/1.1\r\n",
        b"GET ftp://x/ HTTP/1.1\r\n",
        b"\x16\x03\x01\r\n",
        b"",
    ],
)
def test_malformed_request_lines_are_refused(line: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="request line"):
        read_head(line, BytesIO(b"Host: x\r\n\r\n"))


CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        CHUNKED + b"Content-Length: 3\r\n",
        b"Content-Length: 3\r\n" + CHUNKED,
        CHUNKED + CHUNKED,
        b"Transfer-Encoding : chunked\r\n",
        b" Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding: chunked\x0b\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity, chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: \"chunked\"\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"Transfer\x00-Encoding: chunked\r\n",
        b"Transfer-Encoding\r\n",
        b"Transfer_Encoding: chunked\r\n",
        b"Content_Length: 3\r\n",
        b": chunked\r\n",
        b"X: 1\r\n\tTransfer-Encoding: chunked\r\n",
        b"X: 1\rTransfer-Encoding: chunked\r\n",
        b"X: 1\nTransfer-Encoding: chunked\r\n",
        b"X: a\x00b\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length: -3\r\n",
        b"Content-Length: 1_0\r\n",
        b"Content-Length: 0x3\r\n",
        b"Content-Length: 3 0\r\n",
        b"Content-Length: \r\n",
        "Content-Length: ３\r\n".encode(),
        b"Content-Length: 9999999999999999\r\n",
        b"Host: y\r\n",
        b"X: y\r\n" * 101,
    ],
)  # fmt: skip
def test_ambiguous_fields_are_refused(fields: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        parse(POST + b"Host: x\r\n" + fields + b"\r\n")


TOKEN_BYTES = frozenset(b"!#$%&'*+.^_`|~-" + string.digits.encode() + string.ascii_letters.encode())


LENGTH = b"Content-Length: 3\r\n"


def is_chunked(fields: bytes) -> bool | None:
    """Parse a head: None if it is refused."""
    try:
        return parse(POST + b"Host: x\r\n" + fields + b"\r\n").chunked
    except MalformedRequestError:
        return None


def test_a_coding_hidden_by_any_byte_is_refused() -> None:
    """The forms of the public lists of desync attacks: a byte before or after name or value."""
    for byte in range(256):
        extra, message = bytes([byte]), f"byte {byte}"
        for field in (b"Transfer-Encoding:%bchunked\r\n", b"Transfer-Encoding: chunked%b\r\n"):
            assert is_chunked(LENGTH + field % extra) is None, message
            assert is_chunked(field % extra) is (True if extra in b" \t" else None), message
        for field in (b"%bTransfer-Encoding: chunked\r\n", b"Transfer-Encoding%b: chunked\r\n"):
            other_name = byte in TOKEN_BYTES
            assert is_chunked(LENGTH + field % extra) is (False if other_name else None), message


@pytest.mark.parametrize("host", [b"", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: u@x\r\n"])
def test_a_request_needs_one_well_formed_host(host: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="host"):
        parse(POST + host + b"\r\n")
    assert parse(b"GET / HTTP/1.0\r\n\r\n").fields == {}


def test_chunks_are_not_understood_in_http_1_0() -> None:
    with pytest.raises(MalformedRequestError, match="transfer-encoding"):
        parse(b"POST / HTTP/1.0\r\n" + CHUNKED + b"\r\n")


def test_a_long_field_of_blanks_is_parsed_in_linear_time() -> None:
    field = b"X: a" + b" " * 8000 + b"\x00\r\n"
    with pytest.raises(MalformedRequestError):
        parse(POST + b"Host: x\r\n" + field + b"\r\n")


def chunked(data: bytes) -> tuple[RequestBody, BytesIO]:
    stream = BytesIO(data)
    return RequestBody(stream, None, True, None), stream


def test_chunks_are_joined_and_the_next_request_follows() -> None:
    body, stream = chunked(b"3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\nGET /")
    assert body.read(4) == b"abc0"
    assert body.read(100) == b"123456789"
    assert body.finished
    assert stream.read() == b"GET /"


@pytest.mark.parametrize(
    "data",
    [
        b"3\nabc\r\n0\r\n\r\n",
        b"3\r\nabcX\r\n0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"3\r\nab",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"\r\nabc\r\n0\r\n\r\n",
        b"3_0\r\nabc\r\n0\r\n\r\n",
        b"fffffffff\r\nabc\r\n0\r\n\r\n",
        b"3;\nX\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\r\nX : 1\r\n\r\n",
        b"3\r\nabc\r\n0\r\n",
        b"3;" + b"x" * 300 + b"\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_malformed_chunks_are_refused(data: bytes) -> None:
    body, _ = chunked(data)
    with pytest.raises(MalformedRequestError):
        body.read(1000)


def test_a_body_ends_where_its_length_says() -> None:
    stream = BytesIO(b"abcdef")
    body = RequestBody(stream, 4, False, None)
    assert body.read(3) == b"abc"
    assert body.read(3) == b"d"
    assert body.read(3) == b""
    assert stream.read() == b"ef"
    with pytest.raises(MalformedRequestError, match="ends early"):
        RequestBody(BytesIO(b"abc"), 4, False, None).read(10)


def test_a_waiting_client_gets_100_continue_once() -> None:
    calls: list[int] = []
    body = RequestBody(BytesIO(b"abc"), 3, False, lambda: calls.append(1))
    body.read(1)
    body.read(2)
    assert calls == [1]
