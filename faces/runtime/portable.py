"""Pickle-free inference model: one .npz file that needs only numpy.

The file holds a list of operators, their arrays, the class labels and metadata. It does not hold
the model's version: the registry assigns that, and the bytes are the same under any version.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import error as StructError
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from faces.runtime.array_file import read_arrays, write_arrays
from faces.runtime.face_check import FaceCheck
from faces.runtime.operators import OPERATORS, Array, Arrays
from faces.runtime.quantization import decode_arrays, encode_array

UNKNOWN = "unknown"
"""The identity of a face that is rejected: none of the classes."""

LARGE_CLASSES = 1_000
"""An endpoint limits what it returns, captures and counts for each class if there are more."""

WHITENING, TEMPLATE = "face_whitening", "face_template"
"""Names of the arrays of the check whether an image is a face."""

UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, OSError, EOFError, BadZipFile, StructError,
)  # fmt: skip
"""What numpy and json raise for bytes that are not a model."""


class DamagedModelError(ValueError):
    """The bytes are not the model that was written."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Open-set predictions for n faces."""

    probabilities: Array
    """Probability of each class, (n, classes), on the condition that it is one of them."""
    scores: Array
    """Similarity to the most probable class, (n,)."""
    accepted: NDArray[np.bool_]
    """False where the face is rejected as unknown, (n,); so is what does not resemble a face."""

    def most_probable(self, count: int) -> NDArray[np.int32]:
        """Return the columns of each face's most probable classes.

        Args:
            count: How many of them; fewer if there are fewer classes.

        Returns:
            Column numbers (n, count), the most probable first.
        """
        count = min(count, self.probabilities.shape[1])
        columns = np.argpartition(self.probabilities, -count, axis=1)[:, -count:]
        values = np.take_along_axis(self.probabilities, columns, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        return np.take_along_axis(columns, order, axis=1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class PortableModel:
    """Operators that map pixels (n, 4096) in [0, 1] to probabilities (n, classes)."""

    operators: Sequence[tuple[str, Arrays]]
    classes: NDArray[np.str_]
    metadata: Mapping[str, str]
    logit_scale: float = 1.0
    """The factor by which calibration multiplied the logits."""
    rejection_threshold: float | None = None
    """The lowest score that is accepted; None if the model does not reject people."""
    face_check: FaceCheck | None = None
    """Rejects what does not resemble a face; None for models that accept everything."""

    quantization: str = ""
    """How the file stores large arrays: "float16", "int8", or "" for float32. Their values here are
    those that the file can store: see `quantize`."""

    def predict_proba(self, pixels: NDArray[np.floating]) -> Array:
        """Compute class probabilities.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Probabilities (n, classes); each row adds up to 1.
        """
        return self.predict_with_score(pixels)[0]

    def predict_with_score(self, pixels: NDArray[np.floating]) -> tuple[Array, Array]:
        """Compute class probabilities, and the score that rejection compares with its threshold.

        The score is the largest logit before calibration. Probabilities do not separate unknown
        people from known ones, since they add up to 1 for every face.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Probabilities (n, classes) and scores (n,).
        """
        values = previous = np.asarray(pixels, np.float32)
        for operator, arrays in self.operators:
            previous, values = values, OPERATORS[operator](values, arrays)
        return values, np.maximum.reduce(previous, axis=1) / np.float32(self.logit_scale)

    def predict_open_set(self, pixels: NDArray[np.floating]) -> Predictions:
        """Predict with rejection: of unknown people, and of what does not resemble a face.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Predictions. A face is accepted if its score reaches the rejection threshold, if there
            is one, and if it passes the check whether it is a face, if there is one.
        """
        probabilities, scores = self.predict_with_score(pixels)
        if self.rejection_threshold is None:
            accepted = np.ones(len(scores), np.bool_)
        else:
            accepted = scores >= np.float32(self.rejection_threshold)
        if self.face_check is not None:
            accepted &= self.face_check.accepts(np.asarray(pixels, np.float32))
        return Predictions(probabilities, scores, accepted)

    @property
    def rejects(self) -> bool:
        """Whether the model may answer "unknown"."""
        return self.rejection_threshold is not None or self.face_check is not None

    def predict(self, pixels: NDArray[np.floating]) -> NDArray[np.str_]:
        """Predict the most probable class, without rejection.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Labels (n,).
        """
        labels: NDArray[np.str_] = self.classes[self.predict_proba(pixels).argmax(axis=1)]
        return labels


def write_portable(model: PortableModel) -> bytes:
    """Serialise a model. Equal models produce equal bytes.

    Args:
        model: The model to write.

    Returns:
        The bytes of an .npz file.
    """
    header: dict[str, object] = {
        "operators": [operator for operator, _ in model.operators],
        "metadata": dict(model.metadata),
        "logit_scale": model.logit_scale,
        "rejection_threshold": model.rejection_threshold,
    }
    if model.quantization:
        header["quantization"] = model.quantization
    arrays: dict[str, NDArray[Any]] = {}
    for number, (_, operator_arrays) in enumerate(model.operators):
        for name, array in operator_arrays.items():
            arrays |= encode_array(f"{number}.{name}", array, model.quantization)
    if model.face_check is not None:
        header["face_threshold"] = model.face_check.threshold
        arrays |= {WHITENING: model.face_check.whitening, TEMPLATE: model.face_check.template}
    text = np.array(json.dumps(header, sort_keys=True))
    return write_arrays({"header": text, "classes": model.classes, **arrays})


def file_hash(data: bytes | mmap) -> str:
    """Hash a model's file.

    Args:
        data: The file's bytes.

    Returns:
        SHA-256, as 64 hexadecimal digits.
    """
    return hashlib.sha256(data).hexdigest()


def read_portable(data: bytes, expected_hash: str) -> PortableModel:
    """Read a model that `write_portable` wrote.

    Args:
        data: The file's bytes.
        expected_hash: The hash that was recorded when the file was written.

    Returns:
        The model.

    Raises:
        DamagedModelError: If the bytes do not have that hash, are not a model, or need an operator
            that this version of the code does not have.
    """
    return _read(BytesIO(data), data, expected_hash)


def map_portable(path: Path, expected_hash: str) -> PortableModel:
    """Read a model from its file, and map large arrays into memory: processes share them.

    Args:
        path: The file, which may be replaced or deleted later, but not changed.
        expected_hash: The hash that was recorded when the file was written.

    Returns:
        The model.

    Raises:
        DamagedModelError: As of `read_portable`.
        OSError: If the file cannot be opened.
    """
    with path.open("rb") as file:
        try:
            content = mmap(file.fileno(), 0, access=ACCESS_READ)
        except ValueError as error:
            raise DamagedModelError(f"the model's file cannot be read: {error}") from error
        return _read(file, content, expected_hash)


def _read(file: BinaryIO, content: bytes | mmap, expected_hash: str) -> PortableModel:
    if file_hash(content) != expected_hash:
        raise DamagedModelError("the model's file does not have the hash that was recorded for it")
    try:
        arrays = read_arrays(file, content)
        header = json.loads(str(arrays["header"]))
        arrays = decode_arrays(arrays)
        names, metadata, classes = header["operators"], header["metadata"], arrays["classes"]
        logit_scale, threshold = float(header["logit_scale"]), header["rejection_threshold"]
        face_check = _read_face_check(header, arrays)
    except UNREADABLE as error:
        raise DamagedModelError(f"the model's file cannot be read: {error}") from error
    if missing := set(names) - OPERATORS.keys():
        raise DamagedModelError(f"the model needs unknown operators: {sorted(missing)}")
    operators: list[tuple[str, dict[str, Array]]] = [(name, {}) for name in names]
    for key, array in arrays.items():
        number, dot, name = key.partition(".")
        if dot:
            operators[int(number)][1][name] = array
    quantization = header.get("quantization", "")
    return PortableModel(
        operators, classes, metadata, logit_scale, threshold, face_check, quantization
    )


def _read_face_check(header: Mapping[str, Any], arrays: dict[str, Any]) -> FaceCheck | None:
    """Return the check whether an image is a face; None in files of models without one."""
    if "face_threshold" not in header:
        return None
    return FaceCheck(arrays[WHITENING], arrays[TEMPLATE], float(header["face_threshold"]))


def quantize(model: PortableModel, quantization: str) -> PortableModel:
    """Return a model whose file stores large arrays in fewer bytes.

    Args:
        model: The model.
        quantization: "float16", "int8", or "" for float32.

    Returns:
        The model as it is after its file was written and read.
    """
    data = write_portable(replace(model, quantization=quantization))
    return read_portable(data, file_hash(data))
