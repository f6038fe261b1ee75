"""Detector "mmd": Maximum mean discrepancy with a Gaussian kernel.

Sensitive to any difference between two distributions. Gretton, Borgwardt, Rasch, Schölkopf, Smola:
"A kernel two-sample test", JMLR 13 (2012).
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from faces.drift.permutation import Weights, permutation_test
from faces.drift.two_sample import TwoSampleDetector

Rows = NDArray[np.float64]


def mmd_test(
    reference: Rows,
    window: Rows,
    *,
    permutations: int = 999,
    seed: int = 0,
    design_effect: float = 1.0,
) -> tuple[float, float]:
    """Test whether two samples have the same distribution.

    The width of the Gaussian kernel is the median distance within the reference (the median
    heuristic).

    Args:
        reference: Rows (m, d).
        window: Rows (n, d).
        permutations: Number of random permutations.
        seed: Seed of the permutations.
        design_effect: See `permutation_test`.

    Returns:
        The squared maximum mean discrepancy (its biased estimate) and the p-value.
    """
    rows = np.vstack([reference, window])
    distances = cdist(rows, rows, "sqeuclidean")
    m = len(reference)
    width = float(np.median(distances[:m, :m][np.triu_indices(m, 1)]))
    kernel = np.exp(-distances / (width or 1.0))

    def squared_mmd(weights: Weights) -> Weights:
        return np.asarray(((weights @ kernel) * weights).sum(axis=1))

    return permutation_test(squared_mmd, m, len(window), permutations, seed, design_effect)


class MMDDetector(TwoSampleDetector):
    """Drift detector that decides by maximum mean discrepancy."""

    name: ClassVar[str] = "mmd"
    two_sample_test = staticmethod(mmd_test)
