"""Train `fisher` on shards: from sufficient statistics, without all images in one memory.

Two passes over the images, each of them one call per shard, in any order and place:

1. `shard_moments`: count, sum and second moments of the local binary patterns. Their total over the
   shards has all that the principal components need (`fit_features`).
2. `project`: the principal components of the shard's images: 199 numbers instead of 4,096.

`fit_recogniser` reads the projections of one shard at a time and adds up their moments and their
sums by person, which have all that the discriminants and the class means need.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import svd_flip

from faces.models.estimators.calibration import calibrate_on_rows
from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
from faces.models.estimators.folds import calibration_holdout
from faces.models.estimators.local_patterns import LocalBinaryPatterns
from faces.models.moments import (
    ClassSums,
    Matrix,
    Moments,
    add_moments,
    measure_moments,
    sum_by_class,
)
from faces.models.projections import UNUSED, Projections
from faces.models.training import Labels, check_components, find_pca

Images = NDArray[np.float32]

FEW_COMPONENTS = 10
"""Lanczos iterations take half the time for less than one of this many components."""

IMAGES_AT_A_TIME = 2_048
"""Their local binary patterns take 80 MB in double precision."""


def shard_moments(
    images: Images, model: Pipeline, rows: Sequence[int], *, augmented: bool
) -> Moments:
    """Compute the moments of the local binary patterns of a shard's images.

    Args:
        images: The shard's images (n, 64, 64); they may be mapped into memory.
        model: An unfitted `fisher`.
        rows: Numbers of the images to train on.
        augmented: Whether each of them is augmented.

    Returns:
        The moments; those of all shards are added.
    """
    patterns = clone(model[0]).fit(images[:0])
    blocks = _blocks(patterns, images, rows, augmented)
    return add_moments(measure_moments(patterns.transform(block)) for block in blocks)


def fit_features(model: Pipeline, moments: Moments) -> Pipeline:
    """Fit the principal components from the moments of all shards.

    Args:
        model: An unfitted `fisher`; it is not changed.
        moments: The sum over all shards.

    Returns:
        The fitted feature steps, as of `faces.models.training.fit_features`.

    Raises:
        UserError: If the number of components is neither >= 1 nor a share between 0 and 1.
    """
    features: Pipeline = clone(model[:-1])
    features[0].fit(np.zeros((0, 0)))
    pca = find_pca(features)
    assert pca is not None
    _fit_pca(pca, moments)
    return features


def project(
    images: Images, features: Pipeline, rows: Sequence[int], *, augmented: bool
) -> NDArray[np.float32]:
    """Compute the principal components of a shard's images.

    Args:
        images: The shard's images (n, 64, 64); they may be mapped into memory.
        features: What `fit_features` returned.
        rows: Numbers of the m images to train on.
        augmented: Whether each of them is augmented.

    Returns:
        Rows (m or k · m, components): k blocks of copies, the original images first.
    """
    if not len(rows):
        return np.zeros((0, features[1].n_components_), np.float32)
    blocks = _blocks(features[0], images, rows, augmented)
    return np.concatenate([np.asarray(features.transform(b), np.float32) for b in blocks])


def fit_recogniser(
    model: Pipeline, features: Pipeline, shards: Projections, labels: Labels
) -> Pipeline:
    """Fit discriminants, class means and temperature from the projections of all shards.

    The temperature is fitted on images that the discriminants and means have not seen, as
    `faces.models.training.fit_classifier` does for large training sets.

    Args:
        model: An unfitted `fisher`.
        features: What `fit_features` returned.
        shards: The projections of the training images.
        labels: The label of each image of all shards in turn.

    Returns:
        The fitted recogniser, from pixels to probabilities.
    """
    calibrated = model[-1]
    held_out = np.isin(shards.images, calibration_holdout(labels))
    fitted = fit_nearest_mean(shards, labels, ~held_out, calibrated.estimator[0].shrinkage)
    rows = shards.take(np.flatnonzero(held_out))
    classifier = calibrate_on_rows(calibrated, fitted, rows, labels[shards.images[held_out]])
    return Pipeline([*features.steps, (model.steps[-1][0], classifier)])


def fit_nearest_mean(
    shards: Projections, labels: Labels, used: NDArray[np.bool_], shrinkage: float
) -> Pipeline:
    """Fit discriminants and class means.

    Args:
        shards: Projected images.
        labels: The label of each image of all shards in turn.
        used: Which rows of all shards in turn to fit on.
        shrinkage: That of the discriminants.

    Returns:
        The fitted pipeline of `Discriminants` and `CosineNearestMean`.
    """
    classes, own = np.unique(labels[shards.images[used]], return_inverse=True)
    codes = np.full(len(used), UNUSED)
    codes[used] = own
    moments = add_moments(measure_moments(rows) for rows, _ in shards.used(codes))
    sums = _add(sum_by_class(rows, own, len(classes)) for rows, own in shards.used(codes))
    discriminants = Discriminants(shrinkage).fit_moments(moments, sums)
    directions = _add(
        sum_by_class(normalize(discriminants.transform(rows)), own, len(classes))
        for rows, own in shards.used(codes)
    )
    means = CosineNearestMean()
    means.classes_, means.means_ = classes, normalize(directions.sums)
    return Pipeline([("lda", discriminants), ("cosine", means)])


def _add(parts: Iterable[ClassSums]) -> ClassSums:
    return reduce(ClassSums.__add__, parts)


def _blocks(
    patterns: LocalBinaryPatterns, images: Images, rows: Sequence[int], augmented: bool
) -> Iterator[Images]:
    """Yield images a block at a time; augmented ones, of which there are few, in one block."""
    if augmented:
        yield patterns.augment(images[np.asarray(rows, np.int64)])
        return
    for start in range(0, max(1, len(rows)), IMAGES_AT_A_TIME):
        yield images[np.asarray(rows[start : start + IMAGES_AT_A_TIME], np.int64)]


def _fit_pca(pca: PCA, moments: Moments) -> None:
    """Fit a PCA as scikit-learn's solver "covariance_eigh" does, in double precision."""
    components, width = pca.n_components, len(moments.total)
    is_share = isinstance(components, float)
    check_components(components)
    covariance = moments.covariance(degrees=1)
    variance = float(np.trace(covariance))
    count = width if is_share else min(components, moments.count - 1, width)
    values, vectors = _largest_eigenpairs(covariance, count)
    if is_share:
        count = int(np.searchsorted(np.cumsum(values / variance), components, side="right")) + 1
        values, vectors = values[:count], vectors[:count]
    _, pca.components_ = svd_flip(None, vectors, u_based_decision=False)
    pca.mean_, pca.explained_variance_ = moments.mean, values
    pca.explained_variance_ratio_ = values / variance
    pca.singular_values_ = np.sqrt(values * (moments.count - 1))
    pca.n_components_, pca.n_features_in_ = count, width
    pca.n_samples_, pca.noise_variance_ = moments.count, 0.0


def _largest_eigenpairs(matrix: Matrix, count: int) -> tuple[Matrix, Matrix]:
    """Return the largest eigenvalues of a covariance, in descending order, and rows of vectors."""
    if count < len(matrix) // FEW_COMPONENTS:
        start = np.random.default_rng(0).normal(size=len(matrix))
        values, vectors = eigsh(matrix, k=count, v0=start)
    else:
        values, vectors = eigh(matrix, subset_by_index=[len(matrix) - count, len(matrix) - 1])
    order = np.argsort(values)[::-1]
    return np.maximum(values[order], 0), vectors[:, order].T
