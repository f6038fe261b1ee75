"""Permutation p-values of two-sample statistics that depend on weights of the rows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


def permutation_test(
    statistic: Callable[[Weights], NDArray[np.float64]],
    reference: int,
    window: int,
    permutations: int,
    seed: int,
    design_effect: float = 1.0,
) -> tuple[float, float]:
    """Compute a statistic of two samples, and its p-value by random permutations.

    The observed statistic counts as one of the permutations (Phipson and Smyth 2010,
    "Permutation p-values should never be zero"), so the false-alarm rate is at most the level.

    Args:
        statistic: Maps rows of weights (k, m + n) to k values. A weight is 1/m for a row of the
            reference and -1/n for a row of the window. Large values are evidence of a difference.
        reference: Number of rows of the reference, m.
        window: Number of rows of the window, n.
        permutations: Number of random permutations.
        seed: Seed of the permutations.
        design_effect: How much larger the statistic is expected to be because rows of the window
            are not independent.

    Returns:
        The statistic and its p-value.
    """
    weights = np.r_[np.full(reference, 1 / reference), np.full(window, -1 / window)]
    tiled = np.tile(weights, (permutations, 1))
    shuffled = np.random.default_rng(seed).permuted(tiled, axis=1)
    observed = float(statistic(weights[None])[0])
    at_least = (statistic(shuffled) >= observed / design_effect - 1e-12).sum()
    return observed, float((1 + at_least) / (permutations + 1))
