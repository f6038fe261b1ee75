"""Nearest neighbour: the class of the nearest training row."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from faces.models.operators import Operator
from faces.runtime.operators import log_distance, nearest_per_class

Rows = NDArray[np.floating]
Labels = NDArray[np.str_]


class NearestNeighbour(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Score each class by the Euclidean distance to its nearest training row.

    Args:
        log: Whether the score is the negative logarithm of the distance instead of the negative
            distance. The softmax then compares ratios of distances, as in a power law.
    """

    def __init__(self, log: bool = False) -> None:
        self.log = log

    def fit(self, rows: Rows, labels: Labels) -> "NearestNeighbour":
        """Store the training rows.

        Args:
            rows: Features (n, d).
            labels: Identity of each row, (n,).

        Returns:
            This estimator.
        """
        order = np.argsort(labels, kind="stable")
        self.classes_, self.starts_ = np.unique(labels[order], return_index=True)
        self.rows_ = np.asarray(rows[order], np.float32)
        return self

    def decision_function(self, rows: Rows) -> Rows:
        """Return the score of each class.

        Args:
            rows: Features (n, d).

        Returns:
            Scores (n, classes); for two classes half their difference (n,), as scikit-learn's
            calibration expects one column.
        """
        scores = self._scores(rows)
        return (scores[:, 1] - scores[:, 0]) / 2 if len(self.classes_) == 2 else scores

    def predict(self, rows: Rows) -> Labels:
        """Return the class of the nearest training row.

        Args:
            rows: Features (n, d).

        Returns:
            Labels (n,).
        """
        return np.asarray(self.classes_[self._scores(rows).argmax(axis=1)])

    def to_operators(self) -> list[Operator]:
        """Return the nearest-neighbour operator."""
        arrays = {"rows": self.rows_, "starts": self.starts_.astype(float), "scale": np.ones(1)}
        operators: list[Operator] = [("nearest_neighbour", arrays)]
        return [*operators, ("log_distance", {"scale": np.ones(1)})] if self.log else operators

    def _scores(self, rows: Rows) -> Rows:
        scores = nearest_per_class(np.asarray(rows, np.float32), self.rows_, self.starts_)
        return log_distance(scores, {"scale": np.ones(1, np.float32)}) if self.log else scores
