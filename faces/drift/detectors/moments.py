"""Detector "moments": mean and mean square in all directions, tested together. The default.

This is a maximum mean discrepancy (Gretton et al. 2012) with the features x and x² of each column.
It is less general than a Gaussian kernel, but more sensitive to common changes of faces: some
turned heads shift the mean of one column and the variance of another.

If only some faces of a window changed, means hardly differ, but more faces are far from the centre
than in the reference. So the excess of the distances is part of the statistic.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from faces.drift.detector import Labels
from faces.drift.identity_centering import design_effect
from faces.drift.permutation import Weights, permutation_test
from faces.drift.two_sample import TwoSampleDetector
from faces.runtime.portable import UNKNOWN

TAIL_SHARE = 0.3
"""Share of faces that are the most distant from the centre."""

TAIL_WEIGHT = 2.0
"""Weight of the tail, in features of a column. There are two of each, 18 in all."""

TAIL_IMAGES = 3.0
"""Images of each person, on average, that the tail of the reference needs. With two, their
distances are equal."""

Rows = NDArray[np.float64]


def moments_test(
    reference: Rows,
    window: Rows,
    *,
    permutations: int = 999,
    seed: int = 0,
    design_effect: float = 1.0,
    tail_weight: float = TAIL_WEIGHT,
    known: NDArray[np.bool_] | None = None,
    square_effect: float | None = None,
) -> tuple[float, float]:
    """Test whether two samples have the same mean and mean square in every direction.

    Columns are first made uncorrelated, and all features scaled to unit variance, over both samples
    together: so exchanges between the samples change neither.

    Args:
        reference: Rows (m, d), of similar scale in each column.
        window: Rows (n, d).
        permutations: Number of random permutations.
        seed: Seed of the permutations.
        design_effect: That of the mean, see `permutation_test`.
        tail_weight: Weight of the tail: by how much rows of the window exceed the 70 % quantile of
            the squared distance from the centre more than those of the reference.
        known: Which rows of the window are part of the tail, (n,); None for all.
        square_effect: The design effect of the mean square and of the tail; None for the same.

    Returns:
        The sum over directions of the squared differences of mean and mean square, with that of the
        tail, and the p-value.
    """
    rows = np.vstack([reference, window])
    rows = rows - rows.mean(axis=0)
    variances, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    rows = rows @ (axes / np.sqrt(np.maximum(variances, 1e-12)))
    distances = (rows**2).sum(axis=1)
    tail = np.maximum(distances - np.quantile(distances, 1 - TAIL_SHARE), 0)
    if known is not None:
        tail[len(reference) :][~known] = tail[: len(reference)].mean()
    features = np.column_stack([rows, rows**2, tail])
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-12)

    def squared_differences(weights: Weights) -> Weights:
        differences = weights @ features
        differences[:, -1] = np.minimum(differences[:, -1], 0)  # weights of the window are negative
        return np.asarray(differences**2 * np.r_[np.ones(2 * columns), tail_weight])

    m, n, columns = len(reference), len(window), rows.shape[1]
    observed = squared_differences(np.r_[np.full(m, 1 / m), np.full(n, -1 / n)][None])[0]
    squares = design_effect if square_effect is None else square_effect
    effects = np.r_[np.full(columns, design_effect), np.full(columns + 1, squares)]
    effect = (observed.sum() + 1e-12) / ((observed / effects).sum() + 1e-12)

    def statistic(weights: Weights) -> Weights:
        return np.asarray(squared_differences(weights).sum(axis=1))

    return permutation_test(statistic, m, n, permutations, seed, float(effect))


class DriftDetector(TwoSampleDetector):
    """Drift detector that decides by mean and mean square of the capture features.

    >>> detector = DriftDetector.fit(training_images, training_labels)
    >>> result = detector.test(window_images, predicted_identities)
    >>> result.verdict, result.p_value
    """

    name: ClassVar[str] = "moments"
    two_sample_test = staticmethod(moments_test)

    def test_options(self, predicted: Labels) -> dict[str, Any]:
        """Return the weight of the tail, which faces are part of it, and the effect on squares.

        Unknown faces are not: they are not centred on their own mean, so they are distant anyway.
        If faces of a person have a correlation ρ, their squares have ρ² only.

        Args:
            predicted: Recognised identities of the window, (n,).

        Returns:
            The options `tail_weight`, 0 with few images of each person, `known`, and
            `square_effect`, unless there are few images of each person.
        """
        known = predicted != UNKNOWN
        if np.mean(list(self.counts.values())) < TAIL_IMAGES:
            return {"tail_weight": 0.0, "known": known}
        squares = design_effect(predicted, self.counts, power=2)
        return {"tail_weight": TAIL_WEIGHT, "known": known, "square_effect": squares}
