"""Witnesses of the enrolled people of model versions."""

from functools import lru_cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from zenml.models import ModelVersionResponse

from faces.data.dataset import Faces
from faces.evaluation.witness import Witness, choose_enrolled
from store.versions import load_artifact, require_version


def load_witness(version: ModelVersionResponse, asked: NDArray[np.str_]) -> Witness:
    """Train the witness on enrolled images of a version, once in each process.

    Args:
        version: The version.
        asked: Labels that faces have or may have. Of many enrolled people, the witness knows these
            and some others.

    Returns:
        The witness.
    """
    faces: Faces = load_artifact(version, "faces")
    train = load_artifact(version, "split").train
    enrolled = train[faces.origins[train] == ""]
    rows = enrolled[choose_enrolled(faces.labels[enrolled], asked)]
    return _train(version.id, version.number, rows.tobytes())


@lru_cache(maxsize=1)
def _train(_: UUID, number: int, rows: bytes) -> Witness:
    faces: Faces = load_artifact(require_version(number), "faces")
    return Witness(faces[np.frombuffer(rows, np.int64)])
