"""Calibration by temperature scaling."""

from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV

from faces.models.estimators.folds import StratifiedAugmentedKFold


def temperature_scaled(classifier: BaseEstimator, folds: int) -> CalibratedClassifierCV:
    """Calibrate a classifier by one temperature (Guo et al. 2017).

    The temperature is fitted on out-of-fold scores, and the classifier on all rows, so the most
    probable class is the one with the largest score.

    Args:
        classifier: An unfitted classifier.
        folds: Maximum number of folds; fewer if a class has fewer rows, but at least 2.

    Returns:
        The unfitted calibrated classifier.
    """
    return CalibratedClassifierCV(
        classifier, method="temperature", cv=StratifiedAugmentedKFold(folds), ensemble=False
    )
