"""Which columns drifted: Kolmogorov–Smirnov column by column, corrected for their number."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp

Rows = NDArray[np.float64]


def ks_columns(reference: Rows, window: Rows, names: Sequence[str], alpha: float) -> pd.DataFrame:
    """Compare each column of (m, d) with that of (n, d).

    A row for each: `column`, `before`, `now` (means), `statistic`, `p_value` (Bonferroni: times
    the number of columns, at most 1) and `drifted` at `alpha`.
    """
    rows = []
    for column, name in enumerate(names):
        found = ks_2samp(reference[:, column], window[:, column])
        p_value = min(1.0, len(names) * float(found.pvalue))
        before, now = reference[:, column].mean(), window[:, column].mean()
        rows.append((name, before, now, float(found.statistic), p_value, p_value <= alpha))
    return pd.DataFrame(
        rows, columns=["column", "before", "now", "statistic", "p_value", "drifted"]
    )
