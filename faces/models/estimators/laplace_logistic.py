"""Bayesian multinomial logistic regression, by Laplace's approximation."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from faces.runtime.operators import probit

Rows = NDArray[np.floating]
PRECISIONS = np.logspace(-2, 1, 7)


class LaplaceLogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Weights are not known but uncertain: far from what was learned, it is less sure.

    The posterior is Gaussian around the most probable weights; its covariance is taken person by
    person (MacKay 1992, "The evidence framework applied to classification networks"; Daxberger et
    al. 2021, "Laplace redux"). The prior's precision is the one with the largest evidence, so
    nothing is held out for it.
    """

    def __init__(self, iterations: int = 1000) -> None:
        self.iterations = iterations

    def fit(self, rows: Rows, people: NDArray[np.str_]) -> "LaplaceLogisticRegression":
        """Learn from rows (n, d) and whose they are."""
        self.classes_ = np.unique(people)
        found = [self._fitted(rows, people, precision) for precision in PRECISIONS]
        best = int(np.argmax([evidence for evidence, *_ in found]))
        _, self.weights_, self.offset_, self.factors_ = found[best]
        self.precision_ = float(PRECISIONS[best])
        return self

    def _fitted(
        self, rows: Rows, people: NDArray[np.str_], precision: float
    ) -> tuple[float, Rows, Rows, Rows]:
        """Log evidence, weights (d, people), offsets, and factors (people, d, d) of covariances."""
        model = LogisticRegression(C=1 / precision, max_iter=self.iterations).fit(rows, people)
        weights, offset = model.coef_.T, model.intercept_
        if len(self.classes_) == 2:
            weights, offset = np.hstack([-weights, weights]) / 2, np.r_[-offset, offset] / 2
        logits = rows @ weights + offset
        at = np.searchsorted(self.classes_, people)
        odds = softmax(logits, axis=1)
        size = rows.shape[1]
        log_evidence = float(log_softmax(logits, axis=1)[np.arange(len(rows)), at].sum())
        log_evidence -= 0.5 * precision * (weights**2).sum()
        factors = []
        for share in odds.T:
            hessian = (rows * (share * (1 - share))[:, None]).T @ rows
            hessian += precision * np.eye(size)
            lower = np.linalg.cholesky(hessian)
            log_evidence += 0.5 * size * np.log(precision) - np.log(np.diag(lower)).sum()
            factors.append(np.linalg.inv(lower).T)
        return float(log_evidence), weights, offset, np.array(factors)

    def predict_proba(self, rows: Rows) -> Rows:
        """Probabilities (n, people), averaged over the weights that are possible."""
        arrays = {"weights": self.weights_, "offset": self.offset_, "factors": self.factors_}
        return np.asarray(softmax(probit(np.asarray(rows), arrays), axis=1))

    def uncertainty(self, rows: Rows) -> NDArray[np.floating]:
        """Standard deviation (n,) of the logit of the person named: larger, the less is known."""
        spread = np.einsum("nd,kde->nke", np.asarray(rows), self.factors_, optimize=True)
        best = self.predict_proba(rows).argmax(axis=1)
        return np.asarray(np.sqrt((spread[np.arange(len(best)), best] ** 2).sum(axis=1)))

    def predict(self, rows: Rows) -> NDArray[np.str_]:
        """The most probable person."""
        return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])
