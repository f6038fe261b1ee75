"""Parse fields of JSON messages; errors name the field that is wrong."""

import re
from typing import Any

import numpy as np
import simdjson
from numpy.typing import NDArray

from serving.errors import BadRequestError

REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")


def parse_object(body: bytes) -> Any:
    """Parse JSON that must be an object; simdjson parses numbers directly into arrays.

    Args:
        body: The JSON.

    Returns:
        A `simdjson.Object`.

    Raises:
        BadRequestError: If it is malformed, or not an object.
    """
    try:
        message = simdjson.Parser().parse(body)
    except (ValueError, RuntimeError) as error:
        raise BadRequestError("body", f"not JSON: {str(error).rstrip('.')}") from None
    if not isinstance(message, simdjson.Object):
        raise BadRequestError("body", f"expected an object, not {json_type(message)}")
    return message


def get_field(message: Any, name: str) -> Any:
    """Return a field of an object.

    `Object.get` throws an exception inside simdjson if there is no such field, which takes longer
    than to list the names.

    Args:
        message: A `simdjson.Object`.
        name: The field's name.

    Returns:
        Its value; None without one.
    """
    return message[name] if name in message.keys() else None  # noqa: SIM118


def request_id(value: Any, field: str) -> str | None:
    """Check the id that a client chose.

    Args:
        value: The value of the field; None or "" without one.
        field: Its name in error messages.

    Returns:
        The id; None without one.

    Raises:
        BadRequestError: If it is malformed.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not REQUEST_ID.fullmatch(value):
        raise BadRequestError(field, "expected 1 to 128 letters, digits or any of . _ : -")
    return value


def parse_numbers(values: Any, field: str) -> NDArray[np.float32]:
    """Flatten a list of numbers, or of lists of numbers, into an array.

    Args:
        values: A list that simdjson has parsed.
        field: Its name in error messages.

    Returns:
        The numbers, float32 (n,).

    Raises:
        BadRequestError: If there is anything but numbers and lists.
    """
    try:
        numbers = values.as_buffer(of_type="d")
    except (TypeError, ValueError, RuntimeError):
        raise BadRequestError(field, "expected only numbers") from None
    doubles = np.frombuffer(numbers, np.float64)
    if _in_unit_range(doubles):
        return doubles.astype(np.float32)
    with np.errstate(over="ignore"):
        return doubles.astype(np.float32)


def check_range(pixels: NDArray[np.float32], field: str) -> NDArray[np.float32]:
    """Check that every pixel is between 0 and 1.

    Args:
        pixels: Faces (n, 4096).
        field: Their name in error messages.

    Returns:
        The same array.

    Raises:
        BadRequestError: If a pixel is out of range, or no number; with the first such value.
    """
    if _in_unit_range(pixels) or (pixels.min() >= 0 and pixels.max() <= 1):
        return pixels
    first = np.argwhere(~((pixels >= 0) & (pixels <= 1)))[0]
    value = pixels[tuple(first)]
    raise BadRequestError(field, f"pixels must be between 0 and 1: face {first[0]} has {value}")


def _in_unit_range(values: NDArray[np.floating]) -> bool:
    """Return whether all values are between 0 and 1, neither of them -0.0, in a single pass.

    Read as unsigned integers, numbers from 0 to 1 keep their order, and all others are larger.
    """
    integers = np.dtype(f"u{values.itemsize}")
    one = values.dtype.type(1).view(integers)
    return len(values) > 0 and bool(np.maximum.reduce(values.view(integers), axis=None) <= one)


def json_type(value: Any) -> str:
    """Name the type of a parsed JSON value.

    Args:
        value: A value of Python's or simdjson's types.

    Returns:
        Text such as "a list".
    """
    if isinstance(value, simdjson.Object | dict):
        return "an object"
    if isinstance(value, simdjson.Array | list):
        return "a list"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    return "null" if value is None else "a number"
