"""Detector "moments": mean and mean square in all directions, tested together. The default.

This is a maximum mean discrepancy (Gretton et al. 2012) with the features x and x² of each column.
It is less general than a Gaussian kernel, but more sensitive to common changes of faces: some
turned heads shift the mean of one column and the variance of another.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from faces.drift.permutation import Weights, permutation_test
from faces.drift.two_sample import TwoSampleDetector

Rows = NDArray[np.float64]


def moments_test(
    reference: Rows,
    window: Rows,
    *,
    permutations: int = 999,
    seed: int = 0,
    design_effect: float = 1.0,
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

    Returns:
        The sum over directions of the squared differences of mean and mean square, and the p-value.
    """
    rows = np.vstack([reference, window])
    rows = rows - rows.mean(axis=0)
    variances, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    rows = rows @ (axes / np.sqrt(np.maximum(variances, 1e-12)))
    features = np.hstack([rows, rows**2])
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-12)

    def squared_difference(weights: Weights) -> Weights:
        return np.asarray(((weights @ features) ** 2).sum(axis=1))

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
