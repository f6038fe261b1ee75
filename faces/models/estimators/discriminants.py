"""Fisher's discriminants, and the angle to each person's mean among them."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import normalize

Rows = NDArray[np.floating]


class Discriminants(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Directions in which people differ most against how each varies: shrunk LDA.

    `shrinkage` from 0 to 1 pulls how people vary towards "the same in every direction". Where
    someone has a single row nothing is known of that, and the rows stay as they are.
    """

    def __init__(self, shrinkage: float = 0.1) -> None:
        self.shrinkage = shrinkage

    def fit(self, rows: Rows, people: NDArray[np.str_]) -> "Discriminants":
        """Learn from rows (n, d) and whose they are."""
        counts = np.unique(people, return_counts=True)[1]
        if counts.min() < 2:
            self.weights_ = np.eye(rows.shape[1])
            return self
        found = LinearDiscriminantAnalysis(solver="eigen", shrinkage=self.shrinkage)
        found.fit(rows, people)
        self.weights_ = found.scalings_[:, : len(counts) - 1]
        return self

    def transform(self, rows: Rows) -> Rows:
        """Rows (n, people - 1)."""
        return np.asarray(rows @ self.weights_)


class CosineNearestMean(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The person to whose mean the angle is smallest."""

    def fit(self, rows: Rows, people: NDArray[np.str_]) -> "CosineNearestMean":
        """Learn each person's mean of rows (n, d), each of length 1."""
        self.classes_ = np.unique(people)
        rows = normalize(rows)
        means = [rows[people == name].mean(axis=0) for name in self.classes_]
        self.means_ = normalize(np.array(means))
        return self

    def decision_function(self, rows: Rows) -> Rows:
        """Cosines (n, people); of two people the difference (n,), as scikit-learn has it."""
        cosines = normalize(rows) @ self.means_.T
        two = len(self.classes_) == 2
        return np.asarray((cosines[:, 1] - cosines[:, 0]) / 2 if two else cosines)

    def predict(self, rows: Rows) -> NDArray[np.str_]:
        """The person with the largest cosine."""
        return np.asarray(self.classes_[(normalize(rows) @ self.means_.T).argmax(axis=1)])
