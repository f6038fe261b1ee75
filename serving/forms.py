"""Messages that arrive as a form or in the query, as Seldon's wrapper accepts them.

A form has a field `json` with the message. A multipart form has the message's fields, as JSON, and
`binData` may be a file. In a query, `json` is the message.
"""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import orjson

from serving.errors import BadRequestError

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MAX_FIELDS = 10
BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))""")
PARAMETER = re.compile(rb'; *(name|filename)="([^"\r\n]*)"')


def json_of_form(text: bytes | str, part: str = "form") -> bytes:
    """Return the message of a form, or of a query.

    Args:
        text: The form, as URLs encode it.
        part: Its name in error messages.

    Returns:
        The message, as JSON.

    Raises:
        BadRequestError: If there is not exactly one field `json`.
    """
    data = text.encode("latin-1") if isinstance(text, str) else text
    try:
        (message,) = parse_qs(data, strict_parsing=True, max_num_fields=MAX_FIELDS)[b"json"]
    except (ValueError, KeyError):
        raise BadRequestError("json", f"expected a {part} with one field of this name") from None
    return message


def json_of_multipart(body: bytes, content_type: str) -> bytes:
    """Return the message of a multipart form.

    Args:
        body: The form.
        content_type: The header, which names the boundary between parts.

    Returns:
        The message, as JSON.

    Raises:
        BadRequestError: If the form is malformed.
    """
    message: dict[str, Any] = {}
    for part in _parts(body, content_type):
        head, empty_line, content = part.partition(b"\r\n\r\n")
        parameters = dict(PARAMETER.findall(head))
        name = parameters.get(b"name", b"").decode("latin-1")
        if not empty_line or not name or name in message:
            raise BadRequestError("body", "a part of the form is malformed")
        message[name] = _value(name, content, is_file=b"filename" in parameters)
    return orjson.dumps(message)


def _parts(body: bytes, content_type: str) -> list[bytes]:
    match = BOUNDARY.search(content_type)
    if match is None:
        raise BadRequestError("Content-Type", "the boundary of the form is missing")
    delimiter = b"\r\n--" + (match[1] or match[2]).encode("latin-1")
    first, *parts = (b"\r\n" + body).split(delimiter, MAX_FIELDS + 1)
    if first or not parts or parts.pop().rstrip(b"\r\n") != b"--":
        raise BadRequestError("body", "the form is malformed")
    return parts


def _value(name: str, content: bytes, *, is_file: bool) -> Any:
    if name == "binData" and is_file:
        return b64encode(content).decode()
    try:
        return orjson.loads(content)
    except ValueError:
        raise BadRequestError(name, "not JSON") from None
