"""The images of one person that the monitor compares new faces with."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from faces.drift.betting import Rank, rank_of_last
from faces.drift.identity_centering import Rows
from faces.drift.near_duplicates import Thumbnails

MAX_IMAGES = 500
"""A person's oldest faces of production are dropped beyond this number."""


class MeasuredFaces(NamedTuple):
    """What the monitor compares: whitened capture features (n, 9) and thumbnails (n, 64)."""

    rows: Rows
    thumbnails: Thumbnails


@dataclass(frozen=True, eq=False)
class PersonImages:
    """Training images of a person, and the faces that came since.

    Attributes:
        rows: Whitened capture features, (n, d).
        thumbnails: Thumbnails, (n, 64).
        times: When each was captured, in nanoseconds since 1970, (n,); 0 for training images.
    """

    rows: Rows
    thumbnails: Thumbnails
    times: NDArray[np.int64]

    def rank(self, row: Rows) -> Rank:
        """Rank a new image by its distance from the mean of all others, the most distant first.

        The distance of each image is measured in the same way, so that the rank of the new one is
        uniform if all are exchangeable.

        Args:
            row: Whitened capture features of the new image, (d,).

        Returns:
            Its rank; the smallest is that of the most distant image.
        """
        rows = np.concatenate([self.rows, row[None]])
        # The squared distance from the mean, without the square of the mean.
        distances = ((rows - 2 * rows.mean(axis=0)) * rows).sum(axis=1)
        return rank_of_last(distances, int((self.times == 0).sum()))

    def add(self, row: Rows, thumbnail: Thumbnails, time: int) -> Self:
        """Return these images and a new one.

        Args:
            row: Whitened capture features of the new image, (d,).
            thumbnail: Its thumbnail, (64,).
            time: When it was captured.
        """
        own = self
        if len(self.rows) >= MAX_IMAGES and self.times.any():
            own = self._select(np.arange(len(self.rows)) != np.argmax(self.times > 0))
        return type(self)(
            np.concatenate([own.rows, row[None]]),
            np.concatenate([own.thumbnails, thumbnail[None]]),
            np.append(own.times, time),
        )

    def since(self, moment: int) -> Self:
        """Return the training images, and the faces captured since a moment.

        Args:
            moment: Nanoseconds since 1970.
        """
        return self._select((self.times == 0) | (self.times >= moment))

    def _select(self, kept: NDArray[np.bool_]) -> Self:
        return type(self)(self.rows[kept], self.thumbnails[kept], self.times[kept])


@dataclass(frozen=True, eq=False)
class AddedGroup:
    """Training images that came from feedback in one window, of all people together.

    Attributes:
        centre: Mean of their whitened features, less their person's mean, (d,).
        distances: Squared distances from it, (n,), also of the faces that came since.
        training: Number of distances that belong to training images: the first ones.
    """

    centre: Rows
    distances: Rows
    training: int

    def add(self, residual: Rows) -> tuple[Self, Rank]:
        """Return the group with a new face, and the face's rank by distance.

        Args:
            residual: Whitened features of the face, less the mean of its person, (d,).
        """
        distance = ((residual - self.centre) ** 2).sum()
        distances = np.append(self.distances, distance)
        rank = rank_of_last(distances, self.training)
        return type(self)(self.centre, distances, self.training), rank
