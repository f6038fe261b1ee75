"""Select rows: by label, sorted once instead of searched once for each label; or evenly."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Integer = TypeVar("Integer", bound=np.integer)


def group_rows(labels: NDArray[np.str_]) -> dict[str, NDArray[np.integer]]:
    """Return the rows of each label.

    Args:
        labels: The label of each row, (n,).

    Returns:
        Row numbers in ascending order, by label; labels in ascending order.
    """
    order = np.argsort(labels, kind="stable")
    names, starts = np.unique(labels[order], return_index=True)
    # Without rows, there is no name, and one empty part.
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=False))


def spread_evenly(rows: NDArray[Integer], most: int) -> NDArray[Integer]:
    """Select some rows, evenly spread.

    Args:
        rows: Row numbers (n,).
        most: The largest number of rows to select.

    Returns:
        All rows, or `most` of them, in order.
    """
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
