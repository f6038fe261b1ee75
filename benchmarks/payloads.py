"""Requests with faces, as each server under test expects them: as JSON numbers and as base64."""

import json
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import post
from faces.client import PREDICT

V2_PATH = "/v2/models/faces/infer"

Faces = NDArray[np.float32]
"""Faces (n, 4096) in [0, 1]."""


def seldon_json(faces: Faces) -> bytes:
    """Encode faces as JSON for Seldon's protocol."""
    return _request(PREDICT, {"data": {"ndarray": _numbers(faces)}})


def seldon_base64(faces: Faces) -> bytes:
    """Encode faces as base64 for Seldon's protocol."""
    return _request(PREDICT, {"binData": _base64(faces)})


def v2_json(faces: Faces) -> bytes:
    """Encode faces as JSON for the V2 inference protocol."""
    return _v2_request(
        {"shape": list(faces.shape), "datatype": "FP32", "data": _numbers(faces)},
    )


def v2_base64(faces: Faces) -> bytes:
    """Encode faces as base64 for the V2 inference protocol."""
    return _v2_request({"shape": [1], "datatype": "BYTES", "data": [_base64(faces)]})


def v2_binary(faces: Faces) -> bytes:
    """Encode faces as a binary tensor for the V2 inference protocol."""
    raw = (faces * 255).round().astype(np.uint8).tobytes()
    tensor = {
        "name": "faces",
        "shape": list(faces.shape),
        "datatype": "UINT8",
        "parameters": {"binary_data_size": len(raw)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = f"Inference-Header-Content-Length: {len(head)}\r\n"
    return post(V2_PATH, head + raw, headers, "application/octet-stream")


def bentoml_json(faces: Faces) -> bytes:
    """Encode faces as JSON for benchmarks/servers/bentoml_faces.py."""
    return _request("/predict", {"ndarray": _numbers(faces)})


def bentoml_base64(faces: Faces) -> bytes:
    """Encode faces as base64 for benchmarks/servers/bentoml_faces.py."""
    return _request("/predict_bytes", {"data": _base64(faces)})


def mlflow_json(faces: Faces) -> bytes:
    """Encode faces as JSON for `mlflow models serve`."""
    return _request("/invocations", {"inputs": _numbers(faces)})


def mlflow_base64(faces: Faces) -> bytes:
    """Encode faces as base64 for `mlflow models serve`."""
    return _request("/invocations", {"inputs": [_base64(faces)]})


def fastapi_json(faces: Faces) -> bytes:
    """Encode faces as JSON for benchmarks/servers/fastapi_faces.py."""
    return _request("/predictions", {"data": {"ndarray": _numbers(faces)}})


def fastapi_base64(faces: Faces) -> bytes:
    """Encode faces as base64 for benchmarks/servers/fastapi_faces.py."""
    return _request("/predictions", {"binData": _base64(faces)})


def _numbers(faces: Faces) -> list[list[float]]:
    numbers: list[list[float]] = faces.round(6).astype(float).tolist()
    return numbers


def _base64(faces: Faces) -> str:
    return b64encode((faces * 255).round().astype(np.uint8).tobytes()).decode()


def _request(path: str, message: object) -> bytes:
    return post(path, json.dumps(message).encode())


def _v2_request(tensor: dict[str, object]) -> bytes:
    return _request(V2_PATH, {"inputs": [{"name": "faces", **tensor}]})
