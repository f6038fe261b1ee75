"""P-values by permutation, for statistics that are quadratic in the two samples' weights."""

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
) -> tuple[float, float]:
    """The statistic of two samples of these sizes, and its p-value.

    `statistic` takes rows of weights, 1/m for each row of the reference and -1/n for each of the
    window, and gives one number for each row of weights. The p-value counts the sample itself
    among the permutations (Phipson and Smyth 2010, "Permutation p-values should never be zero"),
    so false alarms are no more frequent than it says.
    """
    weights = np.r_[np.full(reference, 1 / reference), np.full(window, -1 / window)]
    tiled = np.tile(weights, (permutations, 1))
    shuffled = np.random.default_rng(seed).permuted(tiled, axis=1)
    found = float(statistic(weights[None])[0])
    others = statistic(shuffled)
    return found, float((1 + (others >= found - 1e-12).sum()) / (permutations + 1))
