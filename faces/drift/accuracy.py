"""Performance drift: accuracy is lower than on held-out images of the training conditions."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from faces.evaluation.metrics import wilson_interval


@dataclass(frozen=True)
class AccuracyDrop:
    """Change of the accuracy.

    Attributes:
        before: Accuracy on the baseline test.
        now: Accuracy in the window.
        low: Lower end of the 95 % interval of `now`.
        high: Upper end of the 95 % interval of `now`.
        p_value: Of the null hypothesis that accuracy is not lower.
    """

    before: float
    now: float
    low: float
    high: float
    p_value: float


def accuracy_test(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> AccuracyDrop:
    """Test whether accuracy dropped: one-sided Fisher's exact test, Wilson's interval.

    Args:
        before: Whether each image of the baseline test was recognised correctly, (m,).
        now: Whether each labelled face of the window was recognised correctly, (n,), n > 0.

    Returns:
        Both accuracies, the interval and the p-value.
    """
    table = [
        [int(now.sum()), int((~now).sum())],
        [int(before.sum()), int((~before).sum())],
    ]
    low, high = wilson_interval(int(now.sum()), len(now))
    p_value = float(scipy.stats.fisher_exact(table, alternative="less").pvalue)
    return AccuracyDrop(float(before.mean()), float(now.mean()), low, high, p_value)
