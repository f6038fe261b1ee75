"""Paired comparison of two models on the same held-out images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.6448536269514722
"""Quantile of the normal distribution for a two-sided interval of 90 %."""


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
    def interval(self) -> tuple[float, float]:
        """The paired 90 % interval of the difference.

        It is Wald's interval with one more gained and one more lost image (Bonett and Price,
        Journal of Educational and Behavioral Statistics 37, 2012).
        """
        n = self.images + 2
        gained, lost = (self.gained + 1) / n, (self.lost + 1) / n
        difference = gained - lost
        margin = Z * math.sqrt((gained + lost - difference**2) / n)
        return difference - margin, difference + margin

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(
            self.images + other.images,
            self.candidate + other.candidate,
            self.production + other.production,
            self.gained + other.gained,
            self.lost + other.lost,
        )

    def __str__(self) -> str:
        low, high = (100 * end for end in self.interval)
        return (
            f"{self.candidate} vs {self.production} of {self.images} correct, "
            f"{self.gained} gained, {self.lost} lost, 90% interval {low:+.1f} to {high:+.1f} points"
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
