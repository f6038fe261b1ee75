"""Bayesian multinomial logistic regression by Laplace's approximation."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from faces.models.operators import Operator
from faces.runtime.operators import probit

Rows = NDArray[np.floating]
Labels = NDArray[np.str_]

PRECISIONS = np.logspace(-2, 1, 7)
"""Prior precisions to choose from."""


class LaplaceLogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multinomial logistic regression with a Laplace posterior.

    The posterior is Gaussian around the most probable weights, with one covariance per class
    (MacKay 1992, "The evidence framework applied to classification networks"; Daxberger et al.
    2021, "Laplace redux"). The predictive uncertainty grows away from the training data. The
    prior's precision is the one with the largest evidence, so no data is held out for it.

    Args:
        iterations: Maximum number of iterations of the optimizer.
    """

    def __init__(self, iterations: int = 1000) -> None:
        self.iterations = iterations

    def fit(self, rows: Rows, labels: Labels) -> "LaplaceLogisticRegression":
        """Fit the posterior for each prior precision, and keep the one with the largest evidence.

        Args:
            rows: Features (n, d).
            labels: Identity of each row, (n,).

        Returns:
            This estimator.
        """
        self.classes_ = np.unique(labels)
        fits = [self._fit_precision(rows, labels, precision) for precision in PRECISIONS]
        best = int(np.argmax([evidence for evidence, *_ in fits]))
        _, self.weights_, self.offset_, self.factors_ = fits[best]
        self.precision_ = float(PRECISIONS[best])
        return self

    def _fit_precision(
        self, rows: Rows, labels: Labels, precision: float
    ) -> tuple[float, Rows, Rows, Rows]:
        """Return log evidence, weights (d, k), offsets (k,) and covariance factors (k, d, d)."""
        model = LogisticRegression(C=1 / precision, max_iter=self.iterations).fit(rows, labels)
        weights, offset = model.coef_.T, model.intercept_
        if len(self.classes_) == 2:
            weights, offset = np.hstack([-weights, weights]) / 2, np.r_[-offset, offset] / 2
        logits = rows @ weights + offset
        label_index = np.searchsorted(self.classes_, labels)
        probabilities = softmax(logits, axis=1)
        size = rows.shape[1]
        log_evidence = float(log_softmax(logits, axis=1)[np.arange(len(rows)), label_index].sum())
        log_evidence -= 0.5 * precision * (weights**2).sum()
        factors = []
        for probability in probabilities.T:
            hessian = (rows * (probability * (1 - probability))[:, None]).T @ rows
            hessian += precision * np.eye(size)
            lower = np.linalg.cholesky(hessian)
            log_evidence += 0.5 * size * np.log(precision) - np.log(np.diag(lower)).sum()
            factors.append(np.linalg.inv(lower).T)
        return float(log_evidence), weights, offset, np.array(factors)

    def predict_proba(self, rows: Rows) -> Rows:
        """Return class probabilities, averaged over the posterior of the weights.

        Args:
            rows: Features (n, d).

        Returns:
            Probabilities (n, classes), by the probit approximation.
        """
        return np.asarray(softmax(probit(np.asarray(rows), self._arrays()), axis=1))

    def uncertainty(self, rows: Rows) -> NDArray[np.floating]:
        """Return the posterior standard deviation of the predicted class's logit.

        Args:
            rows: Features (n, d).

        Returns:
            Standard deviations (n,), in units of the logit.
        """
        spread = np.einsum("nd,kde->nke", np.asarray(rows), self.factors_, optimize=True)
        best = self.predict_proba(rows).argmax(axis=1)
        return np.asarray(np.sqrt((spread[np.arange(len(best)), best] ** 2).sum(axis=1)))

    def predict(self, rows: Rows) -> Labels:
        """Return the most probable class.

        Args:
            rows: Features (n, d).

        Returns:
            Labels (n,).
        """
        return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])

    def to_operators(self) -> list[Operator]:
        """Return the probit approximation of the averaged logits."""
        return [("probit", self._arrays())]

    def _arrays(self) -> dict[str, Rows]:
        return {"weights": self.weights_, "offset": self.offset_, "factors": self.factors_}
