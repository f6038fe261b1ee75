"""Sufficient statistics of feature rows; those of several shards are added."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.floating]
Matrix = NDArray[np.float64]

CHUNK = 2_048
"""Rows that are converted to double precision at a time."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, sum and second moment of rows.

    Attributes:
        count: Number of rows.
        total: Their sum (d,).
        second: The sum of their outer products (d, d).
    """

    count: int
    total: Matrix
    second: Matrix

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.count + other.count, self.total + other.total, self.second + other.second
        )

    @property
    def mean(self) -> Matrix:
        """The mean of the rows, (d,)."""
        return np.asarray(self.total / self.count)

    def covariance(self, degrees: int = 0) -> Matrix:
        """Return the covariance of the rows (d, d).

        Args:
            degrees: The sum of squares is divided by the number of rows minus this.
        """
        centred = self.second - np.outer(self.total, self.total / self.count)
        return np.asarray(centred / (self.count - degrees))


def measure_moments(rows: Rows) -> Moments:
    """Compute the moments of rows, in double precision.

    Args:
        rows: Features (n, d).

    Returns:
        Their moments; those of a set of shards are the sum of the shards'.
    """
    width = rows.shape[1]
    total, second = np.zeros(width), np.zeros((width, width))
    for start in range(0, len(rows), CHUNK):
        chunk = np.asarray(rows[start : start + CHUNK], np.float64)
        total += chunk.sum(axis=0)
        second += chunk.T @ chunk
    return Moments(len(rows), total, second)


def add_moments(parts: Iterable[Moments]) -> Moments:
    """Add the moments of shards.

    Args:
        parts: At least one; they are read one at a time.

    Returns:
        The moments of all their rows.
    """
    return reduce(Moments.__add__, parts)


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums of rows by class.

    Attributes:
        counts: Number of rows of each class (k,).
        sums: Sum of the rows of each class (k, d).
    """

    counts: NDArray[np.int64]
    sums: Matrix

    def __add__(self, other: "ClassSums") -> "ClassSums":
        return ClassSums(self.counts + other.counts, self.sums + other.sums)


def sum_by_class(rows: Rows, codes: NDArray[np.integer], classes: int) -> ClassSums:
    """Add the rows of each class.

    Args:
        rows: Features (n, d).
        codes: The class of each row, from 0 (n,).
        classes: Number of classes.

    Returns:
        Counts and sums; 0 for classes without rows.
    """
    sums = np.zeros((classes, rows.shape[1]))
    np.add.at(sums, codes, rows)
    return ClassSums(np.bincount(codes, minlength=classes), sums)


def within_class_covariance(moments: Moments, classes: ClassSums) -> Matrix:
    """Compute the covariance within classes, pooled over all rows.

    Args:
        moments: The moments of the rows (n, d).
        classes: Their sums by class; every class has a row.

    Returns:
        The covariance (d, d), divided by n.
    """
    means = classes.sums / classes.counts[:, None]
    return np.asarray((moments.second - classes.sums.T @ means) / moments.count)
