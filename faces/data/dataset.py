"""Faces with their people and conditions, from Olivetti, a drawing procedure or a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.sources import folder, olivetti, remote, synthetic
from faces.errors import UserError
from faces.runtime.image import IMAGE_SIDE

SOURCES = ("auto", "olivetti", "synthetic")
"""The named sources; anything else is the path or the URI of a folder."""

CREDITS = {
    "olivetti": "Olivetti faces: AT&T Laboratories Cambridge",
    "synthetic": "synthetic faces, drawn by this project: no real people",
    "folder": "your own folder",
}


@dataclass(frozen=True, eq=False)
class Faces:
    """Images float32 (n, 64, 64) in [0, 1], subject names (n,), a condition table of n rows."""

    images: NDArray[np.float32]
    labels: NDArray[np.str_]
    conditions: pd.DataFrame
    source: str

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: NDArray[np.integer] | Sequence[int]) -> "Faces":
        table = self.conditions.iloc[rows].reset_index(drop=True)
        return Faces(self.images[rows], self.labels[rows], table, self.source)

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The images as rows, (n, 4096)."""
        return self.images.reshape(len(self.images), -1)

    @property
    def identities(self) -> list[str]:
        """The different labels, sorted."""
        return [str(name) for name in np.unique(self.labels)]

    @cached_property
    def ids(self) -> NDArray[np.str_]:
        """One content hash an image: the same pixels have the same id, wherever they come from."""
        rows = (
            hashlib.blake2b(image.tobytes(), digest_size=8).hexdigest() for image in self.images
        )
        return np.array(list(rows), dtype="U16")

    @cached_property
    def version(self) -> str:
        """The data's version: a hash over pixels, people, conditions and the order of the rows."""
        digest = hashlib.blake2b(digest_size=6)
        for column in (self.ids, self.labels, *(self.conditions[c] for c in self.conditions)):
            digest.update("\n".join(map(str, column)).encode() + b"\0")
        digest.update(",".join(self.conditions.columns).encode())
        return digest.hexdigest()


def load_faces(source: str = "auto", *, people: int = 40, images: int = 10, seed: int = 0) -> Faces:
    """Load faces from `source`: 'olivetti', 'synthetic', 'auto', a folder or its URI.

    `auto` is Olivetti if it can be had, else synthetic. `people`, `images` (of each person) and
    `seed` say what synthetic faces are drawn; the other sources are what they are.

    Raises UserError when the source does not exist or cannot be read.
    """
    if source == "auto":
        try:
            return load_faces("olivetti")
        except olivetti.Unavailable:
            return load_faces("synthetic", people=people, images=images, seed=seed)
    if source == "olivetti":
        return _checked("olivetti", *olivetti.fetch_faces())
    if source == "synthetic":
        return _checked("synthetic", *synthetic.draw_faces(people, images, seed))
    with remote.local_copy(source) as place:
        return _checked("folder", *folder.read_faces(place, IMAGE_SIDE))


def known_conditions(source: str) -> pd.DataFrame | None:
    """A table with the conditions and values of a named source, without loading it.

    None for a folder. 'auto' promises what Olivetti has.
    """
    if source in ("auto", "olivetti"):
        return olivetti.read_labels()
    return synthetic.list_conditions() if source == "synthetic" else None


def _checked(
    source: str, images: NDArray[np.float32], labels: NDArray[np.str_], table: pd.DataFrame
) -> Faces:
    if images.shape[1:] != (IMAGE_SIDE, IMAGE_SIDE) or not len(images) == len(labels) == len(table):
        raise UserError(f"{source}: {images.shape} images, {len(labels)} names, {len(table)} rows")
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
        raise UserError(f"{source}: pixels must be numbers from 0 to 1")
    return Faces(images, labels, table.astype(str), source)
