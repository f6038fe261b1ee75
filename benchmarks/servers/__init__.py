"""The same model on other servers, each as its documentation recommends: benchmarks/serving.py."""

import os
from base64 import b64decode
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faces.runtime.portable import PortableModel, file_hash, read_portable

MODEL = "FACES_MODEL"
"""The environment variable with the path of the portable model."""


def load_model() -> PortableModel:
    """Load the model that all servers share."""
    data = Path(os.environ[MODEL]).read_bytes()
    return read_portable(data, file_hash(data))


def decode(text: str | bytes) -> NDArray[np.float32]:
    """Decode faces (n, 4096) from base64 of uint8."""
    return pixels(b64decode(text))


def pixels(data: bytes) -> NDArray[np.float32]:
    """Decode faces (n, 4096) from uint8."""
    return np.frombuffer(data, np.uint8).reshape(-1, 4096) * np.float32(1 / 255)
