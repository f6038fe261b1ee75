"""Per-column Kolmogorov–Smirnov tests with Bonferroni correction: where a window differs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

Rows = NDArray[np.float64]


def ks_columns(reference: Rows, window: Rows, names: Sequence[str], alpha: float) -> pd.DataFrame:
    """Compare two samples column by column.

    Args:
        reference: Rows (m, d).
        window: Rows (n, d).
        names: The names of the d columns.
        alpha: Significance level over all columns.

    Returns:
        A row for each column: `column`, `before` and `now` (means), `statistic`, `p_value` (times
        d, at most 1) and `differs` (p-value up to `alpha`).
    """
    rows = []
    for column, name in enumerate(names):
        result = scipy.stats.ks_2samp(reference[:, column], window[:, column])
        p_value = min(1.0, len(names) * float(result.pvalue))
        before, now = reference[:, column].mean(), window[:, column].mean()
        rows.append((name, before, now, float(result.statistic), p_value, p_value <= alpha))
    return pd.DataFrame(
        rows, columns=["column", "before", "now", "statistic", "p_value", "differs"]
    )
