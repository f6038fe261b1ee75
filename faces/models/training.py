"""Fit a recogniser in two parts, so that each can be kept and looked at: PCA, then classifier."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from faces.errors import UserError
from faces.models.estimators.folds import StratifiedAugmentedKFold

EXACT_PCA_MAX_ROWS = 1_000
"""Up to this many rows an exact decomposition is quick; beyond, a randomized one is used."""

AUGMENT_MAX_ROWS = 2_000
"""Up to this many images copies are made of them; beyond, there is variety enough."""

LOW_MEMORY_MIN_ROWS = 20_000
"""From this many rows on what would need copies of them all in memory is done otherwise."""


def fit_features(
    model: Pipeline, pixels: NDArray[np.float32], labels: NDArray[np.str_]
) -> Pipeline:
    """Fit everything before the classifier on pixels (n, 4096); `model` stays unfitted.

    A number of components beyond what n images can give is lowered to n - 1 (centring takes one).
    The solver suits the size: exact up to 1,000 rows, then randomized (Halko et al. 2011), by the
    covariance from 20,000 on.
    """
    features: Pipeline = clone(model[:-1])
    pca: PCA = features["pca"]
    pixels, labels, _ = augment(model, pixels, labels)
    n, wanted = len(pixels), pca.n_components
    share = isinstance(wanted, float)
    if not (0 < wanted < 1 if share else wanted >= 1):
        raise UserError(f"components must be a number from 1, or a share between 0 and 1: {wanted}")
    count = wanted if share else min(wanted, n - 1, pixels.shape[1])
    solver = (
        "full"
        if n <= EXACT_PCA_MAX_ROWS or share
        else "randomized"
        if n < LOW_MEMORY_MIN_ROWS
        else "covariance_eigh"
    )
    pca.set_params(n_components=count, svd_solver=solver)
    return features.fit(pixels, labels)


def fit_classifier(
    model: Pipeline,
    features: Pipeline,
    pixels: NDArray[np.float32],
    labels: NDArray[np.str_],
) -> Pipeline:
    """Fit the classifier on the features' output; return the whole, from pixels to people."""
    pixels, labels, copies = augment(model, pixels, labels)
    classifier = clone(model[-1])
    rows = features.transform(pixels)
    folds = classifier.get_params(deep=False).get("cv")
    if len(rows) >= LOW_MEMORY_MIN_ROWS and isinstance(classifier, CalibratedClassifierCV):
        classifier = _calibrate_on_holdout(classifier, rows, labels)
    else:
        if isinstance(folds, StratifiedAugmentedKFold):
            classifier.set_params(cv=StratifiedAugmentedKFold(folds.max_splits, copies))
        classifier.fit(rows, labels)
    return Pipeline([*features.steps, (model.steps[-1][0], classifier)])


def _calibrate_on_holdout(
    classifier: CalibratedClassifierCV, rows: NDArray[np.floating], labels: NDArray[np.str_]
) -> CalibratedClassifierCV:
    """Fitted on most rows, the temperature on the others: folds would need all scores at once."""
    kept, out = next(StratifiedAugmentedKFold(10).split(rows, labels))
    fitted = clone(classifier.estimator).fit(rows[kept], labels[kept])
    everything = np.arange(len(out))
    calibrated = CalibratedClassifierCV(
        FrozenEstimator(fitted),
        method=classifier.method,
        cv=[(everything, everything)],
        ensemble=False,
    )
    return calibrated.fit(rows[out], labels[out])


def augment(
    model: Pipeline, pixels: NDArray[np.float32], labels: NDArray[np.str_]
) -> tuple[NDArray[np.float32], NDArray[np.str_], int]:
    """The training images with the copies that the model's first part wants, and how many blocks.

    Beyond 2,000 images there are none: there is variety enough.
    """
    make = getattr(model[0], "copies", None)
    if make is None or len(pixels) > AUGMENT_MAX_ROWS:
        return pixels, labels, 1
    more: NDArray[np.float32] = make(pixels)
    blocks = len(more) // len(pixels)
    return more, np.tile(labels, blocks), blocks


def describe_pca(features: Pipeline) -> dict[str, float]:
    """Number of components, and the share of the training images' variance that they hold."""
    pca: PCA = features["pca"]
    return {
        "pca_components": int(pca.n_components_),
        "pca_variance": float(pca.explained_variance_ratio_.sum()),
    }
