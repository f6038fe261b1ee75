"""Folds that fit how many images people have, and keep an image's copies together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Rows = NDArray[np.integer]


class Folds:
    """Up to `most` folds, fewer where someone has fewer images.

    Rows may be k blocks of copies of the same n images (`copies` = k): then all copies of an image
    are in the same fold, or the answer to it would be known.
    """

    def __init__(self, most: int = 5, copies: int = 1) -> None:
        self.most, self.copies = most, copies

    def get_n_splits(self, *_: object) -> int:
        """At most so many."""
        return self.most

    def split(
        self, rows: NDArray[np.floating], people: NDArray[np.str_], groups: object = None
    ) -> Iterator[tuple[Rows, Rows]]:
        """Rows to fit on, and rows to look at, fold by fold."""
        n = len(rows) // self.copies
        fewest = int(np.unique(people[:n], return_counts=True)[1].min())
        blocks = n * np.arange(self.copies)[:, None]
        for kept, out in StratifiedKFold(max(2, min(self.most, fewest))).split(
            np.zeros(n), people[:n]
        ):
            yield (kept + blocks).ravel(), (out + blocks).ravel()
