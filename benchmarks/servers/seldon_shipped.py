"""Seldon as documented: a class with `predict`, served by `seldon-core-microservice`."""

from typing import Any

import numpy as np

from benchmarks.servers import load_model, pixels


class Faces:
    """Returns class probabilities."""

    def __init__(self) -> None:
        self.model = load_model()
        self.class_names = self.model.classes.tolist()

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        """Return probabilities for faces as an array or as bytes."""
        faces = pixels(X) if isinstance(X, bytes) else np.asarray(X, np.float32)
        return self.model.predict_proba(faces)
