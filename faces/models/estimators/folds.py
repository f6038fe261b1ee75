"""Cross-validation folds for few images per person and augmented training sets."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from faces.groups import spread_evenly

Rows = NDArray[np.integer]


class StratifiedAugmentedKFold:
    """Stratified folds that keep an image and its augmented copies in the same fold.

    Otherwise a copy of a held-out image would be trained on.

    Args:
        max_splits: Number of folds; fewer if a class has fewer images, but at least 2.
        n_copies: Rows are this many blocks, each with a copy of the same n images.
        refit_features: Whether `fit_classifier` fits the features without the held-out images, too.
    """

    def __init__(
        self, max_splits: int = 5, n_copies: int = 1, refit_features: bool = False
    ) -> None:
        self.max_splits, self.n_copies = max_splits, n_copies
        self.refit_features = refit_features

    def get_n_splits(self, *_: object) -> int:
        """Return the maximum number of folds."""
        return self.max_splits

    def split(
        self, rows: NDArray[np.floating], labels: NDArray[np.str_], groups: object = None
    ) -> Iterator[tuple[Rows, Rows]]:
        """Yield the rows of each fold.

        Args:
            rows: Features (n_copies · n, d); only their number is used.
            labels: Identity of each row, (n_copies · n,).
            groups: Ignored; scikit-learn passes it.

        Yields:
            Row numbers to train on and row numbers to hold out.
        """
        n = len(rows) // self.n_copies
        fewest = int(np.unique(labels[:n], return_counts=True)[1].min())
        folds = StratifiedKFold(max(2, min(self.max_splits, fewest)))
        blocks = n * np.arange(self.n_copies)[:, None]
        for train, holdout in folds.split(np.zeros(n), labels[:n]):
            yield (train + blocks).ravel(), (holdout + blocks).ravel()


HOLDOUT_SHARE = 10
"""One of this many rows is held out."""

MAX_SCORES = 50_000_000
"""Rows times classes whose scores are computed at once: 400 MB in double precision."""


def calibration_holdout(labels: NDArray[Any]) -> Rows:
    """Choose images on which a recogniser with a large training set is calibrated.

    Two images of each class remain to train on, since the covariance within a class needs two. Only
    if no class has a third image, every second image of each class is a candidate.

    Args:
        labels: The class of each image (n,).

    Returns:
        The numbers of at most a tenth of the images, evenly spread and ascending; fewer for many
        classes, so that their scores fit into memory.
    """
    order = np.argsort(labels, kind="stable")
    counts = np.unique(labels, return_counts=True)[1]
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    candidates = np.flatnonzero(rank >= 2) if counts.max() > 2 else np.flatnonzero(rank == 1)
    most = max(1, min(len(labels) // HOLDOUT_SHARE, MAX_SCORES // len(counts)))
    return spread_evenly(candidates, most)
