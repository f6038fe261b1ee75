"""The principal components of the images of several shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.floating]
Codes = NDArray[np.int64]

UNUSED = -1
"""The code of a row that is not used."""


@dataclass(frozen=True)
class Projections:
    """The principal components of the images of several shards.

    Attributes:
        parts: Rows (k · n, components) of each shard, float32: k blocks of n images.
        n_copies: k, the number of copies of each image.
    """

    parts: Sequence[Rows]
    n_copies: int = 1

    @cached_property
    def images(self) -> NDArray[np.int64]:
        """The number of the image of each row, among the images of all shards in turn."""
        counts = [len(part) // self.n_copies for part in self.parts]
        numbers = np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1])
        return np.concatenate([np.tile(own, self.n_copies) for own in numbers])

    @cached_property
    def originals(self) -> NDArray[np.int64]:
        """The numbers of the rows that are no augmented copies, one for each image in turn."""
        ends = np.cumsum([len(part) for part in self.parts])
        numbers = np.split(np.arange(ends[-1]), ends[:-1])
        return np.concatenate([own[: len(own) // self.n_copies] for own in numbers])

    def take(self, chosen: NDArray[np.integer]) -> Rows:
        """Return some rows.

        Args:
            chosen: Numbers of rows of all shards in turn, ascending (m,).

        Returns:
            The rows (m, components), in double precision.
        """
        starts = np.cumsum([0, *map(len, self.parts)])
        own = np.split(chosen, np.searchsorted(chosen, starts[1:-1]))
        taken = [part[o - s] for part, o, s in zip(self.parts, own, starts[:-1], strict=True)]
        return np.concatenate(taken).astype(np.float64)

    def used(self, codes: Codes) -> Iterator[tuple[Rows, Codes]]:
        """Yield the rows that are used, one shard at a time.

        Args:
            codes: The class of each row of all shards in turn, or `UNUSED`.

        Yields:
            Rows (m, components) in double precision, and their classes (m,).
        """
        starts = np.cumsum([len(part) for part in self.parts])[:-1]
        for part, own in zip(self.parts, np.split(codes, starts), strict=True):
            keep = own != UNUSED
            yield part[keep].astype(np.float64), own[keep]
