"""What a detector found."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class DriftVerdict(StrEnum):
    """What a window shows."""

    NONE = "none"
    DRIFT = "drift"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


@dataclass(frozen=True, eq=False)
class DriftResult:
    """One window against the reference.

    `statistic`, `p_value` and `threshold` are of the decision test; None if it was not made.
    `window` counts different images, `people` those whom the model named. `columns` has a row for
    each statistic: its mean before and in the window, the KS statistic, its p-value corrected for
    the number of columns, and whether it drifted. `rows` are the window's statistics, one for each
    different image.
    """

    verdict: DriftVerdict
    reason: str
    statistic: float | None
    p_value: float | None
    threshold: float
    window: int
    people: int
    columns: pd.DataFrame
    rows: NDArray[np.float64]
