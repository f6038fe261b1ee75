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
) -> tuple[float, float]:
    """Test whether two samples have the same mean and mean square in every direction.

    Columns are first made uncorrelated, and all features scaled to unit variance, over both samples
    together: so exchanges between the samples change neither.

    Args:
        reference: Rows (m, d), of similar scale in each column.
        window: Rows (n, d).
        permutations: Number of random permutations.
        seed: Seed of the permutations.
        design_effect: See `permutation_test`.
        tail_weight: Weight of the tail: by how much rows of the window exceed the 70 % quantile of
            the squared distance from the centre more than those of the reference.
        known: Which rows of the window are part of the tail, (n,); None for all.

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

    def squared_difference(weights: Weights) -> Weights:
        differences = weights @ features
        excess = np.minimum(differences[:, -1], 0)  # weights of the window are negative
        return np.asarray((differences[:, :-1] ** 2).sum(axis=1) + tail_weight * excess**2)

    return permutation_test(
        squared_difference, len(reference), len(window), permutations, seed, design_effect
    )


class DriftDetector(TwoSampleDetector):
    """Drift detector that decides by mean and mean square of the capture features.

    >>> detector = DriftDetector.fit(training_images, training_labels)
    >>> result = detector.test(window_images, predicted_identities)
    >>> result.verdict, result.p_value
    """

    name: ClassVar[str] = "moments"
    two_sample_test = staticmethod(moments_test)

    def test_options(self, predicted: Labels) -> dict[str, Any]:
        """Return the weight of the tail, and which faces are part of it.

        Unknown faces are not: they are not centred on their own mean, so they are distant anyway.

        Args:
            predicted: Recognised identities of the window, (n,).

        Returns:
            The options `tail_weight`, 0 with few images of each person, and `known`.
        """
        enough = np.mean(list(self.counts.values())) >= TAIL_IMAGES
        return {"tail_weight": TAIL_WEIGHT if enough else 0.0, "known": predicted != UNKNOWN}
