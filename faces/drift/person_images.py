"""The images of one person that the monitor compares new faces with."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from faces.drift.betting import Rank, e_values, rank_rows
from faces.drift.identity_centering import Rows
from faces.drift.near_duplicates import Thumbnails, near_duplicates

MAX_IMAGES = 500
"""A person's oldest faces of production are dropped beyond this number."""


class MeasuredFaces(NamedTuple):
    """What the monitor compares: whitened capture features (n, 9) and thumbnails (n, 64)."""

    rows: Rows
    thumbnails: Thumbnails

    def select(self, faces: NDArray[np.integer] | list[int] | slice) -> "MeasuredFaces":
        """Return some of the faces.

        Args:
            faces: Their row numbers.
        """
        return MeasuredFaces(self.rows[faces], self.thumbnails[faces])


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

    def extend(
        self, new: MeasuredFaces, times: NDArray[np.int64]
    ) -> tuple[Self, list[int], list[Rank]]:
        """Add new images one after the other, without near-duplicates of those before.

        Each is ranked by its distance from the mean of itself and all before it, the most distant
        first. The distance of each image is measured in the same way, so that the rank of the new
        one is uniform if all are exchangeable.

        Args:
            new: The new images, k of them.
            times: When they were captured, (k,).

        Returns:
            The images afterwards, which of the new ones were added, and the ranks of these.
        """
        added = self._distinct(new.thumbnails)
        more = type(self)(
            np.concatenate([self.rows, new.rows[added]]),
            np.concatenate([self.thumbnails, new.thumbnails[added]]),
            np.concatenate([self.times, times[added]]),
        )
        oldest = self._oldest(len(added))
        rows, number = more.rows, np.arange(len(more.rows))
        own = len(self.rows) + np.arange(len(added))[:, None]
        among = (number <= own) & ((number < self._training) | (number >= oldest[:-1, None]))
        means = among @ rows / among.sum(axis=1, keepdims=True)
        # The squared distance from the mean, without the square of the mean.
        distances = (rows**2).sum(axis=1) - 2 * means @ rows.T
        ranks = rank_rows(distances, among, self._training)
        kept = (number < self._training) | (number >= oldest[-1])
        return more if kept.all() else more._select(kept), added, ranks

    def since(self, moment: int) -> Self:
        """Return the training images, and the faces captured since a moment.

        Args:
            moment: Nanoseconds since 1970.
        """
        return self._select((self.times == 0) | (self.times >= moment))

    @cached_property
    def _training(self) -> int:
        return int((self.times == 0).sum())

    @cached_property
    def _room(self) -> int:
        """Number of new images until the oldest face is dropped for each one."""
        return max(MAX_IMAGES - self._training, 1) + self._training - len(self.rows)

    def _oldest(self, added: int) -> NDArray[np.int64]:
        """Return the row of the oldest face before each new image, and after all, (added + 1,)."""
        return np.asarray(self._training + np.maximum(np.arange(added + 1) - self._room, 0))

    def _distinct(self, thumbnails: Thumbnails) -> list[int]:
        """Return which new images are no near-duplicates of one before."""
        alike = near_duplicates(thumbnails, np.concatenate([self.thumbnails, thumbnails]))
        before = np.arange(alike.shape[1]) < len(self.rows)
        added = list[int]()
        for face in range(len(thumbnails)):
            if not (alike[face] & before).any():
                added.append(face)
                before[len(self.rows) + face] = True
                if len(added) > self._room:
                    faces = before[self._training :]
                    faces[faces.argmax()] = False
        return added

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

    @classmethod
    def fit(cls, residuals: Rows) -> Self:
        """Fit a group.

        Args:
            residuals: Whitened features of the images, less the means of their people, (n, d).

        Returns:
            The group, without faces of production.
        """
        centre = residuals.mean(axis=0)
        return cls(centre, ((residuals - centre) ** 2).sum(axis=1), len(residuals))

    def extend(self, residuals: Rows) -> tuple[Self, list[Rank]]:
        """Return the group with new faces, and the rank of each by distance among those before.

        Args:
            residuals: Whitened features of the faces, less the means of their people, (k, d).
        """
        new = ((residuals - self.centre) ** 2).sum(axis=1)
        distances = np.append(self.distances, new)
        before = np.tri(len(new), len(distances), len(self.distances), dtype=bool)
        ranks = rank_rows(np.broadcast_to(distances, before.shape), before, self.training)
        return type(self)(self.centre, distances, self.training), ranks


def extend_groups(
    groups: tuple[AddedGroup, ...], residuals: Rows, factors: Rows
) -> tuple[tuple[AddedGroup, ...], Rows]:
    """Add faces to groups: each is at most as unusual as within any of them.

    Args:
        groups: The groups.
        residuals: Whitened features of the faces, less the means of their people, (n, d).
        factors: What each face multiplies bets by, (n, k).

    Returns:
        The groups with the faces, and the factors, bounded by those within each group.
    """
    extended = [group.extend(residuals) for group in groups]
    for _, ranks in extended:
        factors = np.minimum(factors, [e_values(rank) for rank in ranks])
    return tuple(group for group, _ in extended), factors
