"""Strict parser of the head of an HTTP request: request line, header fields, framing of the body.

A proxy and a server that disagree about where a request ends let a client smuggle requests to the
connections of others. Whatever RFC 9112 calls malformed or ambiguous is therefore refused, and the
connection is closed: a body with both lengths, other transfer codings than `chunked`, line folding,
bare line feeds, blanks around names.
"""

import re
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

MAX_LINE_BYTES = 8192
MAX_FIELDS = 100

TARGET = rb"(?:https?://([^/?#\s]+))?(/[\x21-\x7e]*)"
REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) " + TARGET + rb" HTTP/1\.([01])\r\n")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")
HOST = re.compile(r"[A-Za-z0-9._~-]*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
CONTENT_LENGTH = re.compile(r"[0-9]{1,15}")
SINGLE = frozenset({
    "authorization", "content-length", "content-type", "content-encoding", "host", "origin",
    "transfer-encoding",
})  # fmt: skip
"""Fields that may occur once."""

LOOKALIKES = frozenset({"transfer_encoding", "content_length"})
"""Some proxies take "_" for "-" in names."""

EMPTY_LINE = b"\r\n"


class MalformedRequestError(ValueError):
    """The request is not valid HTTP. The connection must be closed."""


@dataclass(frozen=True)
class RequestHead:
    """The head of a request.

    Attributes:
        method: Method, in capital letters.
        target: Path and query.
        version: "HTTP/1.0" or "HTTP/1.1".
        fields: Values by lower-case name; values of a repeated field are joined with ", ".
        content_length: Size of the body in bytes; None if it is chunked or absent.
        chunked: Whether the body is chunked.
    """

    method: str
    target: str
    version: str
    fields: dict[str, str]
    content_length: int | None
    chunked: bool

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to send another request on the connection."""
        options = self.fields.get("connection", "").lower().replace(" ", "").split(",")
        return "keep-alive" in options if self.version == "HTTP/1.0" else "close" not in options

    def to_environ(self) -> dict[str, str]:
        """Return the variables of WSGI's environment that describe the request."""
        path, _, query = self.target.partition("?")
        environ = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in self.fields.items()
            if "_" not in name
        }
        return environ | {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.version,
            "CONTENT_TYPE": self.fields.get("content-type", ""),
            "CONTENT_LENGTH": "" if self.content_length is None else str(self.content_length),
        }


def read_head(request_line: bytes, stream: BinaryIO) -> RequestHead:
    """Read and check the head of a request.

    Args:
        request_line: The first line, with its line end.
        stream: Where the header fields are read from, to the empty line.

    Returns:
        The head; the stream is at the body.

    Raises:
        MalformedRequestError: If it is malformed or ambiguous, with the reason.
    """
    line = REQUEST_LINE.fullmatch(request_line)
    if line is None:
        raise MalformedRequestError("the request line is malformed")
    method, authority, target, minor = line.groups()
    fields = read_fields(stream)
    if authority is not None:
        fields["host"] = authority.decode("ascii", "replace")
    version = f"HTTP/1.{minor.decode()}"
    _check_host(fields.get("host"), version)
    length, chunked = _framing(fields, version)
    return RequestHead(method.decode(), target.decode(), version, fields, length, chunked)


def read_fields(stream: BinaryIO) -> dict[str, str]:
    """Read header or trailer fields, to the empty line.

    Args:
        stream: Where they are read from.

    Returns:
        Values by lower-case name.

    Raises:
        MalformedRequestError: If a field is malformed, or repeated although it may occur only once.
    """
    fields: dict[str, str] = {}
    for _ in range(MAX_FIELDS + 1):
        line = stream.readline(MAX_LINE_BYTES)
        if line == EMPTY_LINE:
            return fields
        field = FIELD.fullmatch(line)
        if field is None:
            raise MalformedRequestError("a header field is malformed")
        name, value = field[1].decode().lower(), field[2].decode("latin-1").strip(" \t")
        if name in LOOKALIKES:
            raise MalformedRequestError(f"{name} is no field")
        if name in fields:
            if name in SINGLE:
                raise MalformedRequestError(f"{name} occurs twice")
            value = f"{fields[name]}, {value}"
        fields[name] = value
    raise MalformedRequestError(f"there are more than {MAX_FIELDS} header fields")


def _check_host(host: str | None, version: str) -> None:
    if host is None:
        if version == "HTTP/1.1":
            raise MalformedRequestError("host is missing")
    elif not HOST.fullmatch(host):
        raise MalformedRequestError("host is malformed")


def _framing(fields: dict[str, str], version: str) -> tuple[int | None, bool]:
    """Return the body's length, and whether it is chunked (RFC 9112, section 6)."""
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if version == "HTTP/1.0" or coding.lower() != "chunked":
            raise MalformedRequestError("transfer-encoding: only chunked is understood")
        if length is not None:
            raise MalformedRequestError("both transfer-encoding and content-length are present")
        return None, True
    if length is None:
        return None, False
    if not CONTENT_LENGTH.fullmatch(length):
        raise MalformedRequestError("content-length is not a number")
    return int(length), False
