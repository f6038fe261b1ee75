"""A recogniser as plain arrays in one file: it loads with numpy alone, and never unpickles.

The file is a numpy .npz. It holds a list of stages (what to compute), their arrays, the people's
names, and what the model is about. Whoever serves it needs neither scikit-learn nor ZenML.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from faces.runtime.operators import OPERATORS, Array, Arrays

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OSError, EOFError, BadZipFile)
"""What numpy and json raise for bytes that are no model."""

UNKNOWN = "unknown"
"""Answered instead of a label for a face that is rejected as unknown."""


class DamagedModelError(ValueError):
    """The bytes are not the model that was written."""


@dataclass(frozen=True, eq=False)
class PortableModel:
    """Stages from pixels (n, 4096) in [0, 1] to probabilities (n, people).

    `scale` is what calibration multiplied the logits by. Whoever's score is below `rejection_threshold` is
    nobody of these people; None if that cannot be told.
    """

    operators: Sequence[tuple[str, Arrays]]
    classes: NDArray[np.str_]
    metadata: Mapping[str, str]
    scale: float = 1.0
    rejection_threshold: float | None = None

    def predict_proba(self, pixels: NDArray[np.floating]) -> Array:
        """Probabilities (n, people) of every person for pixels (n, 4096)."""
        return self.predict_with_score(pixels)[0]

    def predict_with_score(self, pixels: NDArray[np.floating]) -> tuple[Array, Array]:
        """Probabilities (n, people) and scores (n,): how much each is like the likeliest person.

        The score is the largest logit, as it was before calibration. Probabilities say who of these
        people it is; they add up to 1 for a stranger, too.
        """
        values = previous = np.asarray(pixels, np.float32)
        for kind, arrays in self.operators:
            previous, values = values, OPERATORS[kind](values, arrays)
        return values, previous.max(axis=1) / np.float32(self.scale)

    def predict(self, pixels: NDArray[np.floating]) -> NDArray[np.str_]:
        """The most probable person (n,) for pixels (n, 4096)."""
        names: NDArray[np.str_] = self.classes[self.predict_proba(pixels).argmax(axis=1)]
        return names


def write_portable(model: PortableModel) -> bytes:
    """The model's file. The same model gives the same bytes."""
    header = {
        "operators": [kind for kind, _ in model.operators],
        "metadata": dict(model.metadata),
        "scale": model.scale,
        "rejection_threshold": model.rejection_threshold,
    }
    arrays = {
        f"{number}.{name}": array
        for number, (_, stage) in enumerate(model.operators)
        for name, array in stage.items()
    }
    file = BytesIO()
    text = np.array(json.dumps(header, sort_keys=True))
    np.savez(file, allow_pickle=False, header=text, classes=model.classes, **arrays)
    return file.getvalue()


def stamped(model: PortableModel, version: int) -> PortableModel:
    """The same model, saying which version it is."""
    return replace(model, metadata={**model.metadata, "model_version": str(version)})


def file_hash(data: bytes) -> str:
    """SHA-256 of a model's file, to be recorded beside it."""
    return hashlib.sha256(data).hexdigest()


def read_portable(data: bytes, expected_hash: str) -> PortableModel:
    """Read what `write_portable` gave, if it is what `expected_hash` was recorded for.

    Raises DamagedModelError if it is not, or cannot be computed by this version of the code.
    """
    if file_hash(data) != expected_hash:
        raise DamagedModelError("the model's file does not have the hash that was recorded for it")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays["header"]))
        kinds, metadata, classes = header["operators"], header["metadata"], arrays["classes"]
        scale, rejection_threshold = float(header["scale"]), header["rejection_threshold"]
    except UNREADABLE as error:
        raise DamagedModelError(f"the model's file cannot be read: {error}") from error
    if unknown := set(kinds) - OPERATORS.keys():
        raise DamagedModelError(f"the model needs stages that are unknown here: {sorted(unknown)}")
    operators: list[tuple[str, dict[str, Array]]] = [(kind, {}) for kind in kinds]
    for key, array in arrays.items():
        number, dot, name = key.partition(".")
        if dot:
            operators[int(number)][1][name] = array
    return PortableModel(operators, classes, metadata, scale, rejection_threshold)
