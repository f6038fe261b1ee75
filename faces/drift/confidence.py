"""The model is less sure than it was on images that it had not been trained on."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu


def confidence_test(
    reference: NDArray[np.floating], window: NDArray[np.floating]
) -> tuple[float, float]:
    """Drop of the mean confidence, and the p-value of "no lower" (Mann and Whitney 1947).

    `reference` must be of held-out or out-of-fold images: on its own training images a model is
    always surer, and every window would look like drift.
    """
    drop = float(np.mean(reference) - np.mean(window))
    return drop, float(mannwhitneyu(window, reference, alternative="less").pvalue)
