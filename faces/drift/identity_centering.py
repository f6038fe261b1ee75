"""Take the person out of the statistics: who comes is no drift, only how they look."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Means = Mapping[str, Rows]
CLIP = 4.0


def mean_per_identity(rows: Rows, labels: NDArray[np.str_]) -> dict[str, Rows]:
    """Each person's mean row, of rows (n, d) and their subjects (n,)."""
    return {str(name): rows[labels == name].mean(axis=0) for name in np.unique(labels)}


def centre_by_identity(rows: Rows, labels: NDArray[np.str_], means: Means) -> Rows:
    """Rows (n, d) less the mean of the person each is taken for; of strangers, less all means'."""
    everybody = np.mean(list(means.values()), axis=0)
    known = [means.get(str(name), everybody) for name in labels]
    return np.asarray(rows - np.array(known).reshape(rows.shape))


def centre_leave_one_out(rows: Rows, labels: NDArray[np.str_]) -> tuple[Rows, NDArray[np.integer]]:
    """The same within the reference: less the mean of the person's *other* rows.

    A row that helped to make its own mean would look closer to it than any new one can. People with
    a single row are dropped. The second array says which rows are left.
    """
    parts, kept = [], []
    for name in np.unique(labels):
        own = np.flatnonzero(labels == name)
        if len(own) > 1:
            apart = rows[own] - rows[own].mean(axis=0)
            parts.append(apart * len(own) / (len(own) - 1))
            kept.append(own)
    return np.vstack(parts), np.concatenate(kept)


def mad_scale(rows: Rows) -> Rows:
    """A scale for each column of (n, d) that a few wild values do not move: 1.48 × the MAD."""
    deviations = np.abs(rows - np.median(rows, axis=0))
    return np.asarray(1.4826 * np.median(deviations, axis=0) + 1e-12)


def winsorize(rows: Rows, scale: Rows) -> Rows:
    """Rows in units of `scale`, none further than `CLIP` from 0: wild values count, once."""
    return np.clip(rows / scale, -CLIP, CLIP)
