"""Loader module of MLflow's `python_function` flavor, for a portable model.

MLflow imports a copy of this package that it keeps with the model, so that loading the model needs
numpy alone: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.pyfunc.html
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faces.runtime.operators import Array
from faces.runtime.portable import PortableModel, file_hash, read_portable


class ProbabilityModel:
    """A portable model whose predictions are class probabilities."""

    def __init__(self, model: PortableModel) -> None:
        """Wrap a model.

        Args:
            model: The portable model.
        """
        self._model = model

    def predict(self, pixels: NDArray[np.floating]) -> Array:
        """Compute class probabilities.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Probabilities (n, classes).
        """
        return self._model.predict_proba(pixels)


def _load_pyfunc(path: str) -> ProbabilityModel:
    """Load the model's file; MLflow calls this function by its name."""
    data = Path(path).read_bytes()
    return ProbabilityModel(read_portable(data, file_hash(data)))
