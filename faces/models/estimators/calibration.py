"""Calibration by temperature scaling."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from faces.models.estimators.folds import StratifiedAugmentedKFold

Rows = NDArray[np.floating]
Scores = NDArray[np.floating]
Labels = NDArray[np.str_]


def temperature_scaled(
    classifier: BaseEstimator, folds: int, *, refit_features: bool = False
) -> CalibratedClassifierCV:
    """Calibrate a classifier by one temperature (Guo et al. 2017).

    The temperature is fitted on out-of-fold scores, and the classifier on all rows, so the most
    probable class is the one with the largest score.

    Args:
        classifier: An unfitted classifier.
        folds: Maximum number of folds; fewer if a class has fewer rows, but at least 2.
        refit_features: Whether features are fitted without the held-out rows, too. If a whitened
            PCA has seen them, their small components are as large as those of the other rows, and
            those of new faces are smaller: classifiers that need them then look unreliable.

    Returns:
        The unfitted calibrated classifier.
    """
    return CalibratedClassifierCV(
        classifier,
        method="temperature",
        cv=StratifiedAugmentedKFold(folds, refit_features=refit_features),
        ensemble=False,
    )


def calibrate_on_rows(
    classifier: CalibratedClassifierCV, fitted: BaseEstimator, rows: Rows, labels: Labels
) -> CalibratedClassifierCV:
    """Calibrate a fitted classifier on rows that it has not seen.

    Args:
        classifier: The unfitted calibrated classifier.
        fitted: Its classifier, fitted; it may know classes that no row has.
        rows: Features (n, d).
        labels: The true labels (n,).

    Returns:
        The fitted calibrated classifier.
    """
    return calibrate_on_scores(classifier, fitted, fitted.decision_function(rows), labels)


def calibrate_on_scores(
    classifier: CalibratedClassifierCV, fitted: BaseEstimator, scores: Scores, labels: Labels
) -> CalibratedClassifierCV:
    """Calibrate a fitted classifier on scores that were computed elsewhere.

    Args:
        classifier: The unfitted calibrated classifier.
        fitted: Its classifier, fitted; it may know classes that no row has.
        scores: Scores of rows that it has not seen (n, classes); (n, 1) or (n,) for two classes.
        labels: The true labels (n,).

    Returns:
        The fitted calibrated classifier.
    """
    # scikit-learn takes the classes from the labels, so each class has rows that are not scored;
    # with one row each, it would warn that the labels look like numbers.
    unscored = np.tile(fitted.classes_, 2)
    rows = np.arange(len(labels) + len(unscored))
    given = _GivenScores(scores.ravel() if scores.shape[1:] == (1,) else scores)
    calibrated = CalibratedClassifierCV(
        FrozenEstimator(given.fit(rows, fitted.classes_)),
        method=classifier.method,
        cv=[(rows[len(labels) :], rows[: len(labels)])],
        ensemble=True,
    ).fit(rows[:, None], np.concatenate([labels, unscored]))
    calibrated.calibrated_classifiers_[0].estimator = fitted
    calibrated.estimator = fitted
    return calibrated


class _GivenScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that returns given scores, so that no row of features is needed."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores

    def fit(self, rows: NDArray[np.integer], labels: Labels) -> "_GivenScores":
        self.classes_ = np.unique(labels)
        return self

    def decision_function(self, rows: NDArray[np.integer]) -> Scores:
        return self.scores
