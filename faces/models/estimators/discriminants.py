"""Shrunk linear discriminants, and the nearest class mean by cosine similarity."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.covariance import shrunk_covariance
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import normalize

from faces.models.moments import ClassSums, Moments, within_class_covariance
from faces.models.operators import Operator, affine

Rows = NDArray[np.floating]
Labels = NDArray[np.str_]


class Discriminants(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Project onto Fisher's linear discriminants, with a shrunk within-class covariance.

    Fisherfaces, if the rows are principal components (Belhumeur et al. 1997). If a class has a
    single row, its within-class covariance is undefined, and rows are passed through unchanged.

    Args:
        shrinkage: From 0 (empirical covariance) to 1 (multiple of the identity).
    """

    def __init__(self, shrinkage: float = 0.1) -> None:
        self.shrinkage = shrinkage

    def fit(self, rows: Rows, labels: Labels) -> "Discriminants":
        """Fit the discriminants.

        Args:
            rows: Features (n, d).
            labels: Identity of each row, (n,).

        Returns:
            This estimator.
        """
        counts = np.unique(labels, return_counts=True)[1]
        if counts.min() < 2:
            self.weights_ = np.eye(rows.shape[1])
            return self
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=self.shrinkage)
        lda.fit(rows, labels)
        self.weights_ = lda.scalings_[:, : len(counts) - 1]
        return self

    def fit_moments(self, moments: Moments, classes: ClassSums) -> "Discriminants":
        """Fit the discriminants from the moments of the rows, without the rows.

        Args:
            moments: The moments of the rows (n, d).
            classes: Their sums by class; every class has a row.

        Returns:
            This estimator, as `fit` leaves it.
        """
        if classes.counts.min() < 2:
            self.weights_ = np.eye(len(moments.total))
            return self
        within = shrunk_covariance(within_class_covariance(moments, classes), self.shrinkage)
        total = shrunk_covariance(moments.covariance(), self.shrinkage)
        vectors = eigh(total - within, within)[1]
        self.weights_ = vectors[:, ::-1][:, : len(classes.counts) - 1]
        return self

    def transform(self, rows: Rows) -> Rows:
        """Project rows onto the discriminants.

        Args:
            rows: Features (n, d).

        Returns:
            Rows (n, classes - 1); (n, d) if a class had a single row in `fit`.
        """
        return np.asarray(rows @ self.weights_)

    def to_operators(self) -> list[Operator]:
        """Return the projection as an affine operator."""
        return [affine(self.weights_, np.zeros(self.weights_.shape[1]))]


class CosineNearestMean(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify by the largest cosine similarity to a class mean."""

    def fit(self, rows: Rows, labels: Labels) -> "CosineNearestMean":
        """Fit the mean direction of each class.

        Args:
            rows: Features (n, d).
            labels: Identity of each row, (n,).

        Returns:
            This estimator.
        """
        order = np.argsort(labels, kind="stable")
        self.classes_, starts = np.unique(labels[order], return_index=True)
        # The sum of a class's rows has the direction of their mean.
        self.means_ = normalize(np.add.reduceat(normalize(rows)[order], starts))
        return self

    def decision_function(self, rows: Rows) -> Rows:
        """Return the cosine similarity to each class mean.

        Args:
            rows: Features (n, d).

        Returns:
            Cosines (n, classes) in [-1, 1]; for two classes half their difference (n,), as
            scikit-learn's calibration expects one column.
        """
        cosines = normalize(rows) @ self.means_.T
        if len(self.classes_) == 2:
            return np.asarray((cosines[:, 1] - cosines[:, 0]) / 2)
        return np.asarray(cosines)

    def predict(self, rows: Rows) -> Labels:
        """Return the class whose mean has the largest cosine similarity.

        Args:
            rows: Features (n, d).

        Returns:
            Labels (n,).
        """
        return np.asarray(self.classes_[(normalize(rows) @ self.means_.T).argmax(axis=1)])

    def to_operators(self) -> list[Operator]:
        """Return the normalization, and the cosines as an affine operator."""
        return [("l2_normalize", {}), affine(self.means_.T, np.zeros(len(self.classes_)))]
