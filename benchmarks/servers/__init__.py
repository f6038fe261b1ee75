"""The same model on other servers, each as its documentation recommends: benchmarks/serving.py."""

import json
import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faces.runtime.portable import PortableModel, file_hash, read_portable

Pixels = NDArray[np.float32]

MODEL = "FACES_MODEL"
"""The environment variable with the path of the model."""


def load_model() -> PortableModel:
    """Load the model that all servers share."""
    data = Path(os.environ[MODEL]).read_bytes()
    return read_portable(data, file_hash(data))


def load_predictor() -> tuple[list[str], Callable[[Pixels], Pixels]]:
    """Load the model, from a portable file or an ONNX graph; return its classes and a function."""
    file = Path(os.environ[MODEL])
    if file.suffix != ".onnx":
        model = load_model()
        return model.classes.tolist(), model.predict_proba
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    session = InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])

    def predict_proba(faces: Pixels) -> Pixels:
        (probabilities,) = session.run(["probabilities"], {"pixels": faces})
        return np.asarray(probabilities)

    return classes, predict_proba


def decode(text: str | bytes) -> Pixels:
    """Decode faces (n, 4096) from base64 of uint8."""
    return pixels(b64decode(text))


def pixels(data: bytes) -> Pixels:
    """Decode faces (n, 4096) from uint8."""
    return np.frombuffer(data, np.uint8).reshape(-1, 4096) * np.float32(1 / 255)
