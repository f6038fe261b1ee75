"""What steps and metrics need to know of scikit-learn's estimators, without importing it.

Importing scikit-learn takes longer than a cached run, which fits nothing.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating]
Labels = NDArray[np.str_]


class Estimator(ABC):
    """A scikit-learn estimator: any class that has these methods."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return all(hasattr(other, method) for method in cls.__abstractmethods__)

    @abstractmethod
    def fit(self, pixels: Pixels, labels: Labels) -> Any:
        """Fit the estimator.

        Args:
            pixels: Faces (n, 4096) in [0, 1].
            labels: The identity of each, (n,).

        Returns:
            The estimator itself.
        """

    @abstractmethod
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the hyperparameters by name.

        Args:
            deep: Whether those of nested estimators are included.
        """


class Recogniser(Estimator):
    """A fitted recogniser, from pixels to identities."""

    classes_: Labels
    """The identities that the recogniser knows, sorted."""

    @abstractmethod
    def predict(self, pixels: Pixels) -> Labels:
        """Return the most probable identity of each face, (n,).

        Args:
            pixels: Faces (n, 4096) in [0, 1].
        """

    @abstractmethod
    def predict_proba(self, pixels: Pixels) -> NDArray[np.floating]:
        """Return the probability of each identity, (n, classes); rows add up to 1.

        Args:
            pixels: Faces (n, 4096) in [0, 1].
        """
