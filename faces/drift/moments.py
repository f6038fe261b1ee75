"""Whether means and spreads are the same, in all columns together. The test that decides.

A maximum mean discrepancy (Gretton et al. 2012) with the features x and x² of each column. It sees
less than the Gaussian kernel does in general, and more of what happens to faces: a part of the
heads turned moves the mean of one column and the spread of another.
"""

import numpy as np
from numpy.typing import NDArray

from faces.drift.permutation import Weights, permutation_test

Rows = NDArray[np.float64]


def moments_test(
    reference: Rows, window: Rows, *, permutations: int = 999, seed: int = 0
) -> tuple[float, float]:
    """Sum over columns of the squared differences of mean and mean square, and its p-value.

    Rows (m, d) and (n, d) should be of similar scale in each column; the features are then brought
    to unit variance over both samples.
    """
    rows = np.vstack([reference, window])
    features = np.hstack([rows, rows**2])
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-12)

    def squared(weights: Weights) -> Weights:
        return np.asarray(((weights @ features) ** 2).sum(axis=1))

    return permutation_test(squared, len(reference), len(window), permutations, seed)
