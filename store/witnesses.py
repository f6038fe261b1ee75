"""Witnesses of the enrolled people of model versions."""

from functools import lru_cache
from uuid import UUID

import numpy as np
from zenml.models import ModelVersionResponse

from faces.data.dataset import Faces
from faces.evaluation.witness import Witness
from store.versions import load_artifact, require_version


def load_witness(version: ModelVersionResponse) -> Witness:
    """Train the witness on the enrolled images of a version, once in each process.

    Args:
        version: The version.

    Returns:
        The witness.
    """
    return _train(version.id, version.number)


@lru_cache(maxsize=1)
def _train(_: UUID, number: int) -> Witness:
    version = require_version(number)
    faces: Faces = load_artifact(version, "faces")
    trained = faces[load_artifact(version, "split").train]
    return Witness(trained[np.flatnonzero(trained.origins == "")])
