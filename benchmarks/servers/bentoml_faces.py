"""BentoML as documented: a service with typed methods."""

import bentoml
import numpy as np

from benchmarks.servers import decode, load_model


@bentoml.service(workers=1, metrics={"enabled": False})
class Faces:
    """Returns class probabilities."""

    def __init__(self) -> None:
        self.model = load_model()

    @bentoml.api
    def predict(self, ndarray: np.ndarray) -> np.ndarray:
        """Return probabilities for an array of faces."""
        return self.model.predict_proba(ndarray)

    @bentoml.api
    def predict_bytes(self, data: str) -> np.ndarray:
        """Return probabilities for faces as base64."""
        return self.model.predict_proba(decode(data))
