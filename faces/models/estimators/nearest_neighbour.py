"""The nearest training image, the classical eigenfaces recogniser: Turk and Pentland 1991."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from faces.runtime.operators import nearest_per_class

Rows = NDArray[np.floating]


class NearestNeighbour(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Scores a person by the distance to the nearest of their training images."""

    def fit(self, rows: Rows, people: NDArray[np.str_]) -> "NearestNeighbour":
        """Keep rows (n, d), person by person."""
        order = np.argsort(people, kind="stable")
        self.classes_, self.starts_ = np.unique(people[order], return_index=True)
        self.rows_ = np.asarray(rows[order], np.float32)
        return self

    def decision_function(self, rows: Rows) -> Rows:
        """Minus the distances (n, people); of two people half the difference (n,)."""
        scores = nearest_per_class(np.asarray(rows, np.float32), self.rows_, self.starts_)
        return (scores[:, 1] - scores[:, 0]) / 2 if len(self.classes_) == 2 else scores

    def predict(self, rows: Rows) -> NDArray[np.str_]:
        """The person of the nearest image."""
        scores = nearest_per_class(np.asarray(rows, np.float32), self.rows_, self.starts_)
        return np.asarray(self.classes_[scores.argmax(axis=1)])
