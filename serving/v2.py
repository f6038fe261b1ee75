"""The Open Inference Protocol, version 2: what clients of MLServer, KServe and Triton speak.

Source: https://github.com/kserve/open-inference-protocol (REST), with its binary data extension.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import simdjson
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE, PIXELS
from serving.answer import Answer
from serving.errors import BadRequestError
from serving.json_fields import (
    check_range,
    get_field,
    json_type,
    parse_numbers,
    parse_object,
    request_id,
)

DTYPES: dict[str, np.dtype[Any]] = {
    "UINT8": np.dtype("u1"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
INPUT = "pixels"
OUTPUTS = {"probabilities": "FP32", "person": "BYTES", "confidence": "FP32", "score": "FP32"}
BINARY_HEADER = "Inference-Header-Content-Length"
JSON, BINARY = "application/json", "application/octet-stream"


@dataclass(frozen=True, eq=False)
class InferRequest:
    """A parsed inference request.

    Attributes:
        id: The id that the client chose; None without one.
        pixels: Faces (n, 4096), as uint8 or as float32 in [0, 1].
        outputs: The outputs to answer with, and whether each is binary.
        is_default: Whether the client left the choice of outputs to the server.
    """

    id: str | None
    pixels: NDArray[Any]
    outputs: Mapping[str, bool]
    is_default: bool


def server_metadata() -> dict[str, Any]:
    """Return the answer to `GET /v2`."""
    return {"name": "face-recognizer", "version": "2", "extensions": ["binary_tensor_data"]}


def model_metadata(name: str, version: str, classes: int) -> dict[str, Any]:
    """Return the answer to `GET /v2/models/{name}`.

    Args:
        name: The model's name.
        version: The version that is served.
        classes: Number of people that it knows.
    """
    shapes = {"probabilities": [-1, classes]}
    return {
        "name": name,
        "versions": [version],
        "platform": "faces-portable",
        "inputs": [{"name": INPUT, "datatype": "FP32", "shape": [-1, PIXELS]}],
        "outputs": [
            {"name": output, "datatype": datatype, "shape": shapes.get(output, [-1])}
            for output, datatype in OUTPUTS.items()
        ],
    }


def read_infer(body: bytes, header_length: str | None) -> InferRequest:
    """Parse an inference request.

    Args:
        body: The message as JSON; with the binary extension, raw tensors follow it.
        header_length: Size of the JSON in bytes, if raw tensors follow it.

    Returns:
        The request, with at least one face and every pixel in range.

    Raises:
        BadRequestError: If it is wrong.
    """
    size = len(body)
    if header_length is not None:
        if not header_length.isascii() or not header_length.isdigit() or int(header_length) > size:
            raise BadRequestError(BINARY_HEADER, "expected the size of the JSON in bytes")
        size = int(header_length)
    message = parse_object(body[:size])
    pixels = _read_tensor(get_field(message, "inputs"), body[size:])
    outputs, is_default = _outputs(message)
    request = request_id(get_field(message, "id"), "id")
    return InferRequest(request, pixels, outputs, is_default)


def _read_tensor(inputs: Any, raw: bytes) -> NDArray[Any]:
    if not isinstance(inputs, simdjson.Array) or len(inputs) != 1:
        raise BadRequestError("inputs", f"expected a list with one tensor, '{INPUT}'")
    tensor = inputs[0]
    if not isinstance(tensor, simdjson.Object):
        raise BadRequestError("inputs[0]", f"expected an object, not {json_type(tensor)}")
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise BadRequestError("inputs[0].datatype", f"expected one of {', '.join(DTYPES)}")
    faces = _faces(tensor.get("shape"))
    values = _values(tensor, datatype, raw)
    if len(values) != faces * PIXELS:
        raise BadRequestError("inputs[0].data", f"{len(values)} numbers do not fit the shape")
    return _to_pixels(values, datatype).reshape(-1, PIXELS)


def _faces(shape: Any) -> int:
    sizes = shape.as_list() if isinstance(shape, simdjson.Array) else []
    valid = sizes[1:] in ([PIXELS], [IMAGE_SIDE, IMAGE_SIDE])
    if not valid or not all(type(size) is int for size in sizes) or sizes[0] < 1:
        raise BadRequestError(
            "inputs[0].shape",
            f"expected [faces, {PIXELS}] or [faces, {IMAGE_SIDE}, {IMAGE_SIDE}]",
        )
    return int(sizes[0])


def _values(tensor: Any, datatype: str, raw: bytes) -> NDArray[Any]:
    parameters = get_field(tensor, "parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, simdjson.Object) else None
    if size is None:
        data = tensor.get("data")
        if not isinstance(data, simdjson.Array):
            raise BadRequestError("inputs[0].data", f"expected a list, not {json_type(data)}")
        return parse_numbers(data, "inputs[0].data")
    if type(size) is not int or size != len(raw) or size % DTYPES[datatype].itemsize:
        raise BadRequestError(
            "inputs[0].parameters.binary_data_size", f"{len(raw)} bytes follow the JSON"
        )
    return np.frombuffer(raw, DTYPES[datatype])


def _to_pixels(values: NDArray[Any], datatype: str) -> NDArray[Any]:
    field = "inputs[0].data"
    if datatype != "UINT8":
        with np.errstate(over="ignore"):
            return check_range(values.astype(np.float32, copy=False).reshape(-1, PIXELS), field)
    if values.dtype == np.uint8:
        return values
    if not ((values >= 0) & (values <= 255) & (values == np.floor(values))).all():
        raise BadRequestError(field, "pixels must be whole numbers from 0 to 255")
    return values.astype(np.uint8)


def _outputs(message: Any) -> tuple[dict[str, bool], bool]:
    """Return the outputs, and whether each is binary; and whether they are all, by default."""
    binary = _flag(get_field(message, "parameters"), "binary_data_output", default=False)
    asked = get_field(message, "outputs")
    if asked is None:
        return dict.fromkeys(OUTPUTS, binary), True
    if not isinstance(asked, simdjson.Array):
        raise BadRequestError("outputs", f"expected a list, not {json_type(asked)}")
    outputs: dict[str, bool] = {}
    for number, output in enumerate(asked):
        name = output.get("name") if isinstance(output, simdjson.Object) else None
        if not isinstance(name, str) or name not in OUTPUTS:
            raise BadRequestError(f"outputs[{number}].name", f"expected one of {_names()}")
        outputs[name] = _flag(get_field(output, "parameters"), "binary_data", default=binary)
    return outputs or dict.fromkeys(OUTPUTS, binary), not outputs


def _names() -> str:
    return ", ".join(OUTPUTS)


def _flag(parameters: Any, name: str, *, default: bool) -> bool:
    value = get_field(parameters, name) if isinstance(parameters, simdjson.Object) else None
    return value if isinstance(value, bool) else default


def write_infer(
    name: str, request: InferRequest, answer: Answer
) -> tuple[bytes, str, dict[str, str]]:
    """Encode the answer to an inference request.

    Args:
        name: The model's name.
        request: The request.
        answer: The predictions.

    Returns:
        Body, content type and further headers.
    """
    values: dict[str, Any] = {
        "probabilities": answer.predictions.probabilities.astype(np.float32),
        "person": answer.identities,
        "confidence": np.array(answer.confidences, np.float32),
        "score": answer.predictions.scores.astype(np.float32),
    }
    outputs: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for output, binary in request.outputs.items():
        if output == "probabilities" and request.is_default and answer.loaded.is_large:
            continue  # they would have megabytes
        value = values[output]
        tensor: dict[str, Any] = {
            "name": output,
            "datatype": OUTPUTS[output],
            "shape": list(np.shape(value)),
        }
        if binary:
            raw.append(_to_bytes(value))
            tensor["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            tensor["data"] = value.ravel() if isinstance(value, np.ndarray) else value
        outputs.append(tensor)
    message = {
        "model_name": name,
        "model_version": answer.loaded.version,
        "id": answer.request,
        "outputs": outputs,
    }
    body = orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY)
    if not raw:
        return body, JSON, {}
    return body + b"".join(raw), BINARY, {BINARY_HEADER: str(len(body))}


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return value.astype("<f4").tobytes()
    texts = [text.encode() for text in value]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
