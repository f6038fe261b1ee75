"""A data set whose images stay in shards: rows are read when they are selected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.runtime.image import IMAGE_SIDE

Images = NDArray[np.float32]


class ShardedImages:
    """The images of several shards; only the selected ones are in memory.

    It has what this project uses of an array: length, shape and selection of rows.
    """

    def __init__(self, places: Sequence[str], counts: Sequence[int], read: Callable[[str], Images]):
        """Describe the shards.

        Args:
            places: Where each shard is.
            counts: The number of images of each.
            read: Returns the images of a place, preferably mapped into memory.
        """
        self.places, self.counts, self._read = tuple(places), tuple(counts), read
        self._ends = np.cumsum(self.counts)
        self._last: tuple[str, Images] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, height and width."""
        return (len(self), IMAGE_SIDE, IMAGE_SIDE)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, rows: Any) -> Images:
        chosen = np.arange(len(self))[rows]
        if chosen.ndim == 0:
            return np.asarray(self[chosen[None]][0])
        images = np.empty((len(chosen), *self.shape[1:]), np.float32)
        shard_of = np.searchsorted(self._ends, chosen, side="right")
        for shard in np.unique(shard_of):
            own = shard_of == shard
            start = self._ends[shard] - self.counts[shard]
            images[own] = self._shard(self.places[shard])[chosen[own] - start]
        return images

    def _shard(self, place: str) -> Images:
        """Return the images of a shard, and keep them until another one is read."""
        if self._last is None or self._last[0] != place:
            self._last = None
            self._last = place, self._read(place)
        return self._last[1]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Images:
        return self[:] if dtype is None else self[:].astype(dtype)


class SelectedImages:
    """Some images of an array or of several shards; they are read when they are converted."""

    def __init__(
        self, images: ShardedImages | NDArray[np.float32], rows: NDArray[np.integer]
    ) -> None:
        """Select images.

        Args:
            images: The images.
            rows: Numbers of the selected images (m,).
        """
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Any) -> "SelectedImages":
        return SelectedImages(self._images, self._rows[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Images:
        images = self._images[self._rows]
        return images if dtype is None else images.astype(dtype)


def select_lazily(faces: Faces, rows: NDArray[np.integer]) -> Faces:
    """Select rows of a data set without reading their images.

    Args:
        faces: The data set.
        rows: Row numbers (m,).

    Returns:
        The rows; their images are read when they are converted to an array.
    """
    return Faces(
        SelectedImages(faces.images, rows),  # type: ignore[arg-type]
        faces.labels[rows],
        faces.conditions.iloc[rows].reset_index(drop=True),
        faces.source,
        faces.origins[rows],
        faces.senders[rows],
        faces.label_times[rows],
    )


@dataclass(frozen=True, eq=False)
class ShardedFaces(Faces):
    """Faces whose images are `ShardedImages`.

    Attributes:
        known_ids: The content hash of each image (n,), computed when its shard was loaded.
        known_version: Version of the data, computed from those of the shards.
    """

    known_ids: NDArray[np.str_] = None  # type: ignore[assignment]
    known_version: str = ""

    @cached_property
    def ids(self) -> NDArray[np.str_]:
        """A content hash per image (n,), as in `Faces`."""
        return self.known_ids

    @cached_property
    def version(self) -> str:
        """Version of the data: a hash of the versions of its shards."""
        return self.known_version

    def images_of(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Select images, which are read a part at a time. See Faces."""
        return SelectedImages(self.images, rows)  # type: ignore[return-value]

    @property
    def pixels(self) -> NDArray[np.float32]:
        """All images as rows (n, 4096): select rows first."""
        return np.asarray(self.images).reshape(len(self), -1)
