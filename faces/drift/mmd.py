"""Maximum mean discrepancy: whether two samples come from one distribution, whatever differs.

Gretton, Borgwardt, Rasch, Schölkopf, Smola: "A kernel two-sample test", JMLR 13 (2012).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from faces.drift.permutation import Weights, permutation_test

Rows = NDArray[np.float64]


def mmd_test(
    reference: Rows, window: Rows, *, permutations: int = 999, seed: int = 0
) -> tuple[float, float]:
    """Squared MMD of rows (m, d) and (n, d), and its p-value.

    The kernel is Gaussian, as wide as the median distance within the reference.
    """
    rows = np.vstack([reference, window])
    distances = cdist(rows, rows, "sqeuclidean")
    m = len(reference)
    width = float(np.median(distances[:m, :m][np.triu_indices(m, 1)]))
    kernel = np.exp(-distances / (width or 1.0))

    def squared(weights: Weights) -> Weights:
        return np.asarray(((weights @ kernel) * weights).sum(axis=1))

    return permutation_test(squared, m, len(window), permutations, seed)
