"""Paired comparison of two models on the same held-out images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray


@dataclass(frozen=True)
class Comparison:
    """Two models on the same held-out images.

    Attributes:
        images: Number of images.
        candidate: How many the candidate predicts correctly.
        production: How many the production model predicts correctly.
        gained: How many only the candidate predicts correctly.
        lost: How many only the production model predicts correctly.
    """

    images: int
    candidate: int
    production: int
    gained: int
    lost: int

    @property
    def difference(self) -> float:
        """The candidate's accuracy minus production's."""
        return (self.candidate - self.production) / self.images

    @property
    def p_value(self) -> float:
        """McNemar's exact test: are gains and losses equally likely? (Psychometrika 12, 1947)."""
        changed = self.gained + self.lost
        return float(scipy.stats.binomtest(self.gained, changed).pvalue) if changed else 1.0

    def __str__(self) -> str:
        return (
            f"{self.candidate} vs {self.production} of {self.images} correct, "
            f"{self.gained} gained, {self.lost} lost, p = {self.p_value:.2g}"
        )


Comparisons = Mapping[str, Comparison]
"""Comparisons by part of the held-out images: "baseline", "drifted"."""


def compare_predictions(
    labels: NDArray[np.str_], candidate: NDArray[np.str_], production: NDArray[np.str_]
) -> Comparison:
    """Compare the predictions of two models image by image.

    Args:
        labels: True labels (n,).
        candidate: The candidate's predictions (n,).
        production: The production model's predictions (n,).

    Returns:
        The counts of a paired comparison, for McNemar's test.
    """
    new, old = candidate == labels, production == labels
    return Comparison(
        images=len(labels),
        candidate=int(new.sum()),
        production=int(old.sum()),
        gained=int((new & ~old).sum()),
        lost=int((old & ~new).sum()),
    )
