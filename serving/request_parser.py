"""Parse the body of a prediction request into pixels; errors name the field that is wrong."""

import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np
import simdjson
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE, PIXELS
from serving.errors import BadRequestError
from serving.json_fields import (
    check_range,
    get_field,
    json_type,
    parse_numbers,
    parse_object,
    request_id,
)

FACE_SHAPES = f"{PIXELS} numbers or {IMAGE_SIDE} rows of {IMAGE_SIDE}"
TENSOR_SHAPES = f"[faces, {PIXELS}] or [faces, {IMAGE_SIDE}, {IMAGE_SIDE}]"
DTYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype("u1"), "float32": np.dtype("<f4")}


@dataclass(frozen=True, eq=False)
class Payload:
    """A parsed prediction request."""

    pixels: NDArray[Any]
    """Faces (n, 4096), as uint8 or as float32 in [0, 1]."""
    request: str | None
    """The id that the client chose, if it did."""
    tensor: bool
    """Whether to answer with `data.tensor` instead of `data.ndarray`."""
    top: int | None
    """How many of the most probable classes of each face to answer with; None for all."""


def read_payload(body: bytes) -> Payload:
    """Parse Seldon's message with `data.ndarray`, `data.tensor` or `binData`.

    simdjson parses numbers directly into an array.

    Args:
        body: The message, as JSON.

    Returns:
        The faces, at least one, with every pixel in range.

    Raises:
        BadRequestError: If the body is wrong.
    """
    message = parse_object(body)
    meta = _parse_meta(message)
    request = request_id(get_field(meta, "puid"), "meta.puid") if meta else None
    top = _parse_top(meta) if meta else None
    data = get_field(message, "data")
    if isinstance(data, simdjson.Object) and "ndarray" in data:
        pixels = check_range(_parse_ndarray(data["ndarray"], body), "data.ndarray")
        return Payload(pixels, request, False, top)
    if isinstance(data, simdjson.Object) and "tensor" in data:
        pixels = check_range(_parse_tensor(data["tensor"]), "data.tensor.values")
        return Payload(pixels, request, True, top)
    if "binData" in message:
        return Payload(_parse_binary(message), request, False, top)
    if "data" not in message:
        raise BadRequestError("body", "data or binData is missing")
    if isinstance(data, simdjson.Object):
        raise BadRequestError("data", "ndarray or tensor is missing")
    raise BadRequestError("data", f"expected an object, not {json_type(data)}")


def _parse_meta(message: Any) -> Any:
    """Return the message's `meta`; None without one."""
    meta = get_field(message, "meta")
    if meta is not None and not isinstance(meta, simdjson.Object):
        raise BadRequestError("meta", f"expected an object, not {json_type(meta)}")
    return meta


def _parse_top(meta: Any) -> int | None:
    tags = get_field(meta, "tags")
    top = get_field(tags, "top") if isinstance(tags, simdjson.Object) else None
    if top is not None and (type(top) is not int or top < 1):
        raise BadRequestError("meta.tags.top", "expected a whole number, 1 or more")
    return top


def _parse_ndarray(rows: Any, body: bytes) -> NDArray[np.float32]:
    field = "data.ndarray"
    if not isinstance(rows, simdjson.Array):
        raise BadRequestError(field, f"expected a list of faces, not {json_type(rows)}")
    if len(rows) == 0:
        raise BadRequestError(field, "the list is empty")
    for number, row in enumerate(rows):
        if not isinstance(row, simdjson.Array):
            raise BadRequestError(
                f"{field}[{number}]", f"expected a list of numbers, not {json_type(row)}"
            )
        if len(row) != PIXELS and not _is_square(row):
            raise BadRequestError(f"{field}[{number}]", f"expected {FACE_SHAPES}, not {len(row)}")
    values = parse_numbers(rows, field)
    # If there are only the lists that were checked, nothing is nested deeper.
    lists = 1 + sum(1 if len(row) == PIXELS else 1 + IMAGE_SIDE for row in rows)
    nested = not _has_lists(body, lists) and not _has_lists(rows.mini, lists)
    if nested or len(values) != len(rows) * PIXELS:
        raise BadRequestError(field, "lists are nested too deeply")
    return values.reshape(-1, PIXELS)


def _has_lists(text: bytes, expected: int) -> bool:
    """Return whether JSON without text contains that many lists; counting all bytes is slower."""
    position = -1
    for _ in range(expected):
        position = text.find(b"[", position + 1)
        if position < 0:
            return False
    return text.find(b"[", position + 1) < 0


def _is_square(row: Any) -> bool:
    return len(row) == IMAGE_SIDE and all(
        isinstance(line, simdjson.Array) and len(line) == IMAGE_SIDE for line in row
    )


def _parse_tensor(tensor: Any) -> NDArray[np.float32]:
    field = "data.tensor"
    if not isinstance(tensor, simdjson.Object):
        raise BadRequestError(
            field, f"expected an object with shape and values, not {json_type(tensor)}"
        )
    shape, values = tensor.get("shape"), tensor.get("values")
    if not isinstance(values, simdjson.Array):
        raise BadRequestError(
            f"{field}.values", f"expected a list of numbers, not {json_type(values)}"
        )
    if not isinstance(shape, simdjson.Array):
        raise BadRequestError(
            f"{field}.shape", f"expected a list of numbers, not {json_type(shape)}"
        )
    sizes = shape.as_list()
    if not all(type(size) is int for size in sizes) or sizes[1:] not in (
        [PIXELS],
        [IMAGE_SIDE, IMAGE_SIDE],
    ):
        raise BadRequestError(f"{field}.shape", f"expected {TENSOR_SHAPES}")
    numbers = parse_numbers(values, f"{field}.values")
    if len(numbers) != len(values) or values.mini.count(b"[") != 1:
        raise BadRequestError(f"{field}.values", "lists are nested too deeply")
    if len(numbers) != sizes[0] * PIXELS or not len(numbers):
        raise BadRequestError(
            f"{field}.values", f"{len(numbers)} numbers do not fit the shape {sizes}"
        )
    return numbers.reshape(-1, PIXELS)


def _parse_binary(message: Any) -> NDArray[Any]:
    text = message["binData"]
    if not isinstance(text, str):
        raise BadRequestError("binData", f"expected base64, not {json_type(text)}")
    dtype_name = _dtype_name(get_field(message, "meta"))
    dtype = DTYPES[dtype_name]
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise BadRequestError("binData", f"not base64: {error}") from None
    size = PIXELS * dtype.itemsize
    if not data or len(data) % size:
        raise BadRequestError(
            "binData",
            f"{len(data)} bytes are not a whole number of faces: one face has {size} as "
            f"{dtype_name}",
        )
    pixels = np.frombuffer(data, dtype).reshape(-1, PIXELS)
    return pixels if dtype_name == "uint8" else check_range(pixels, "binData")


def _dtype_name(meta: Any) -> str:
    tags = get_field(meta, "tags") if meta is not None else None
    if tags is None:
        return "uint8"
    if not isinstance(tags, simdjson.Object):
        raise BadRequestError("meta.tags", f"expected an object, not {json_type(tags)}")
    name = tags.get("dtype", "uint8")
    if not isinstance(name, str) or name not in DTYPES:
        raise BadRequestError("meta.tags.dtype", f"expected one of {', '.join(DTYPES)}")
    return name
