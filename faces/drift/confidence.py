"""Drop in confidence compared with held-out images of the training conditions."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray


@dataclass(frozen=True)
class ConfidenceDrop:
    """Change of the mean confidence.

    Attributes:
        drop: Mean of the baseline less that of the window; negative if confidence rose.
        p_value: Of the null hypothesis that confidence is not lower.
    """

    drop: float
    p_value: float


def confidence_test(baseline: NDArray[np.floating], window: NDArray[np.floating]) -> ConfidenceDrop:
    """Test whether confidence dropped: one-sided Mann–Whitney U test (1947).

    Args:
        baseline: Confidence of held-out images, (m,). Training images would not do: a model is
            more confident about them, so every window would seem to drift.
        window: Confidence of the faces of a window, (n,), n > 0.

    Returns:
        The drop and its p-value.
    """
    drop = float(np.mean(baseline) - np.mean(window))
    p_value = float(scipy.stats.mannwhitneyu(window, baseline, alternative="less").pvalue)
    return ConfidenceDrop(drop, p_value)
