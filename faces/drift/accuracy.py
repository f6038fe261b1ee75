"""Model drift: the model names fewer people rightly than it did on held-out images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from faces.evaluation.metrics import wilson_interval


@dataclass(frozen=True)
class AccuracyDrop:
    """Accuracy before and now, now with its 95 % interval, and the p-value of "no lower"."""

    before: float
    now: float
    low: float
    high: float
    p_value: float


def accuracy_test(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> AccuracyDrop:
    """Compare which held-out images were right before (m,) with which are right now (n,).

    Fisher's exact test, one-sided; Wilson's interval.
    """
    table = [
        [int(now.sum()), int((~now).sum())],
        [int(before.sum()), int((~before).sum())],
    ]
    low, high = wilson_interval(int(now.sum()), len(now))
    p_value = float(fisher_exact(table, alternative="less").pvalue)
    return AccuracyDrop(float(before.mean()), float(now.mean()), low, high, p_value)
