"""Folds that fit how many images people have, and keep an image's copies together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Rows = NDArray[np.integer]


class StratifiedAugmentedKFold:
    """Up to `max_splits` folds, fewer where someone has fewer images.

    Rows may be k blocks of copies of the same n images (`n_copies` = k): then all copies of an image
    are in the same fold, or the answer to it would be known.
    """

    def __init__(self, max_splits: int = 5, n_copies: int = 1) -> None:
        self.max_splits, self.n_copies = max_splits, n_copies

    def get_n_splits(self, *_: object) -> int:
        """At most so many."""
        return self.max_splits

    def split(
        self, rows: NDArray[np.floating], people: NDArray[np.str_], groups: object = None
    ) -> Iterator[tuple[Rows, Rows]]:
        """Rows to fit on, and rows to look at, fold by fold."""
        n = len(rows) // self.n_copies
        fewest = int(np.unique(people[:n], return_counts=True)[1].min())
        blocks = n * np.arange(self.n_copies)[:, None]
        for kept, out in StratifiedKFold(max(2, min(self.max_splits, fewest))).split(
            np.zeros(n), people[:n]
        ):
            yield (kept + blocks).ravel(), (out + blocks).ravel()
