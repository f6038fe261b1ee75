"""Fit a recogniser in two parts, features and classifier, so that each can be cached."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from faces.errors import UserError
from faces.models.estimators.calibration import calibrate_on_rows, calibrate_on_scores
from faces.models.estimators.folds import StratifiedAugmentedKFold, calibration_holdout
from faces.models.threads import reproducible_threads

Pixels = NDArray[np.float32]
Labels = NDArray[np.str_]

EXACT_PCA_MAX_ROWS = 1_000
"""Up to this many rows an exact decomposition is fast enough; above, a randomized one is used."""

AUGMENT_MAX_ROWS = 2_000
"""No augmentation above this number of images."""

LOW_MEMORY_MIN_ROWS = 20_000
"""From this many rows on, use the memory-saving variants (covariance PCA, hold-out calibration)."""


def fit_features(model: Pipeline, pixels: Pixels, labels: Labels) -> Pipeline:
    """Fit all steps of a recogniser before its classifier.

    If one of them is a PCA, its solver is chosen by the number of rows n (exact; randomized, Halko
    et al. 2011; or by the covariance), and at most n - 1 components are fitted.

    Args:
        model: An unfitted recogniser; it is not changed.
        pixels: Training images (n, 4096) in [0, 1].
        labels: Their labels (n,).

    Returns:
        The fitted feature steps.

    Raises:
        UserError: If the number of components is neither >= 1 nor a share between 0 and 1.
    """
    features: Pipeline = clone(model[:-1])
    pixels, labels, _ = augment_training_set(model, pixels, labels)
    pca = find_pca(features)
    if pca is not None:
        _adapt_pca(pca, *pixels.shape)
    with reproducible_threads(len(pixels)):
        return features.fit(pixels, labels)


def fit_classifier(model: Pipeline, features: Pipeline, pixels: Pixels, labels: Labels) -> Pipeline:
    """Fit the classifier of a recogniser on its fitted features.

    Args:
        model: The unfitted recogniser; it is not changed.
        features: What `fit_features` returned.
        pixels: Training images (n, 4096) in [0, 1].
        labels: Their labels (n,).

    Returns:
        The fitted recogniser, from pixels to probabilities.
    """
    with reproducible_threads(len(pixels)):
        classifier = _fit_on_features(model, features, pixels, labels)
    return Pipeline([*features.steps, (model.steps[-1][0], classifier)])


def _fit_on_features(
    model: Pipeline, features: Pipeline, pixels: Pixels, labels: Labels
) -> ClassifierMixin:
    pixels, labels, n_copies = augment_training_set(model, pixels, labels)
    classifier = clone(model[-1])
    rows = features.transform(pixels)
    if not isinstance(classifier, CalibratedClassifierCV):
        return classifier.fit(rows, labels)
    if len(rows) >= LOW_MEMORY_MIN_ROWS:
        return _calibrate_on_holdout(classifier, rows, labels, n_copies)
    if _refits_features(classifier, labels) and n_copies == 1:
        scores = _out_of_fold_scores(model, pixels, labels)
        fitted = clone(classifier.estimator).fit(rows, labels)
        return calibrate_on_scores(classifier, fitted, scores, labels)
    if isinstance(classifier.cv, StratifiedAugmentedKFold):
        folds = StratifiedAugmentedKFold(classifier.cv.max_splits, n_copies)
        classifier.set_params(cv=folds)
    return classifier.fit(rows, labels)


def without_calibration(model: Pipeline) -> Pipeline:
    """Return a recogniser without the calibration of its classifier; its scores are the same.

    Args:
        model: An unfitted recogniser; it is not changed.

    Returns:
        The recogniser, unfitted.
    """
    name, classifier = model.steps[-1]
    if isinstance(classifier, CalibratedClassifierCV):
        return Pipeline([*model.steps[:-1], (name, classifier.estimator)])
    return model


def augment_training_set(
    model: Pipeline, pixels: Pixels, labels: Labels
) -> tuple[Pixels, Labels, int]:
    """Augment the training images as the first step of a recogniser asks for.

    Args:
        model: A recogniser; its first step may have a method `augment`.
        pixels: Training images (n, 4096).
        labels: Their labels (n,).

    Returns:
        Images and labels in k blocks of n, the original ones first, and k. k is 1 without
        augmentation, and above 2,000 images.
    """
    augment = getattr(model[0], "augment", None)
    if augment is None or len(pixels) > AUGMENT_MAX_ROWS:
        return pixels, labels, 1
    augmented: Pixels = augment(pixels)
    n_copies = len(augmented) // len(pixels)
    return augmented, np.tile(labels, n_copies), n_copies


def describe_features(model: Pipeline) -> dict[str, float]:
    """Describe the features of a fitted recogniser.

    Args:
        model: A fitted recogniser, or its fitted feature steps.

    Returns:
        `pca_components`, their number, and `pca_variance`, the share of the training images'
        variance that they explain; {} without a PCA.
    """
    pca = find_pca(model)
    if pca is None:
        return {}
    return {
        "pca_components": int(pca.n_components_),
        "pca_variance": float(pca.explained_variance_ratio_.sum()),
    }


def find_pca(model: Pipeline) -> PCA | None:
    """Return the PCA step of a pipeline.

    Args:
        model: A recogniser, or its feature steps.

    Returns:
        The first step that is a PCA; None if there is none.
    """
    return next((step for _, step in model.steps if isinstance(step, PCA)), None)


def check_components(components: int | float) -> None:
    """Check the number of components.

    Args:
        components: The number of principal components, or the share of variance.

    Raises:
        UserError: If it is neither >= 1 nor a share between 0 and 1.
    """
    is_share = isinstance(components, float)
    if not (0 < components < 1 if is_share else components >= 1):
        raise UserError(
            f"components must be at least 1, or a share between 0 and 1, not {components}"
        )


def _adapt_pca(pca: PCA, n_rows: int, n_columns: int) -> None:
    """Choose the solver, and limit the number of components to what the rows allow."""
    components = pca.n_components
    is_share = isinstance(components, float)
    check_components(components)
    if n_rows <= EXACT_PCA_MAX_ROWS or is_share:
        solver = "full"
    else:
        solver = "randomized" if n_rows < LOW_MEMORY_MIN_ROWS else "covariance_eigh"
    # Centring takes one degree of freedom, so n rows span n - 1 components.
    count = components if is_share else min(components, n_rows - 1, n_columns)
    pca.set_params(n_components=count, svd_solver=solver)


def _refits_features(classifier: CalibratedClassifierCV, labels: Labels) -> bool:
    """Return whether features are fitted for each fold: with few images, and two per person."""
    refit = getattr(classifier.cv, "refit_features", False) and len(labels) <= EXACT_PCA_MAX_ROWS
    return bool(refit and np.unique(labels, return_counts=True)[1].min() >= 2)


def _out_of_fold_scores(model: Pipeline, pixels: Pixels, labels: Labels) -> NDArray[np.floating]:
    """Return the score of each image by features and a classifier that have not seen it."""
    scores: list[NDArray[np.floating]] = []
    rows: list[NDArray[np.integer]] = []
    for train, holdout in model[-1].cv.split(pixels, labels):
        features = fit_features(model, pixels[train], labels[train])
        classifier = clone(model[-1].estimator)
        classifier.fit(features.transform(pixels[train]), labels[train])
        scores.append(classifier.decision_function(features.transform(pixels[holdout])))
        rows.append(holdout)
    order = np.argsort(np.concatenate(rows))
    return np.concatenate(scores)[order].reshape(len(labels), -1)


def _calibrate_on_holdout(
    classifier: CalibratedClassifierCV, rows: NDArray[np.floating], labels: Labels, n_copies: int
) -> CalibratedClassifierCV:
    """Fit a classifier on nine tenths of the rows, and its temperature on the rest.

    Cross-validated calibration would hold the scores of all rows in memory at once.

    Returns:
        The fitted calibrated classifier.
    """
    n = len(labels) // n_copies
    holdout = (calibration_holdout(labels[:n]) + n * np.arange(n_copies)[:, None]).ravel()
    train = np.setdiff1d(np.arange(len(rows)), holdout)
    fitted = clone(classifier.estimator).fit(rows[train], labels[train])
    return calibrate_on_rows(classifier, fitted, rows[holdout], labels[holdout])
