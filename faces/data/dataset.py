"""Face images with labels, conditions and provenance, and how to load them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data import sources
from faces.data.sources import folder, remote
from faces.data.sources.base import GeneratorSettings, RawFaces, SourceUnavailable
from faces.errors import UserError
from faces.runtime.image import IMAGE_SIDE


@dataclass(frozen=True, eq=False)
class Faces:
    """A data set of face images.

    Attributes:
        images: float32 (n, 64, 64) in [0, 1].
        labels: The name of the person in each image (n,).
        conditions: One row per image and one text column per condition, such as `yaw`.
        source: Name of the data source, or "folder".
        origins: Where each image comes from (n,): "" for the source's own images, "window 1",
            "window 2", … for those added from feedback. None stands for all "".
        senders: Who sent the label of an image from feedback (n,); "" if unknown, and for the
            source's own images. None stands for all "".
        label_times: When the label of an image from feedback was received (n,), in nanoseconds
            since 1970; 0 for the source's own images. None stands for all 0.
        skipped: Files of a folder that were not used, with the reasons; known only after loading.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.str_]
    conditions: pd.DataFrame
    source: str
    origins: NDArray[np.str_] = None  # type: ignore[assignment]
    senders: NDArray[np.str_] = None  # type: ignore[assignment]
    label_times: NDArray[np.int64] = None  # type: ignore[assignment]
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, dtype in (("origins", "U1"), ("senders", "U1"), ("label_times", "int64")):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros(len(self.images), dtype))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: NDArray[np.integer] | Sequence[int]) -> "Faces":
        table = self.conditions.iloc[rows].reset_index(drop=True)
        return Faces(
            self.images[rows],
            self.labels[rows],
            table,
            self.source,
            self.origins[rows],
            self.senders[rows],
            self.label_times[rows],
        )

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The images as rows (n, 4096)."""
        return self.images.reshape(len(self.images), -1)

    def images_of(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return some of the images.

        Args:
            rows: Row numbers (m,).

        Returns:
            Images (m, 64, 64); of a sharded data set, an object that has length and selection, and
            is read when it is converted to an array.
        """
        return np.asarray(self.images[rows])

    @property
    def identities(self) -> list[str]:
        """The distinct labels, sorted."""
        return [str(name) for name in np.unique(self.labels)]

    @cached_property
    def ids(self) -> NDArray[np.str_]:
        """A content hash per image (n,): equal pixels have equal ids in any source."""
        return image_ids(self.images)

    @cached_property
    def version(self) -> str:
        """Version of the data: a hash over pixels, labels, conditions, provenance and row order."""
        digest = hashlib.blake2b(digest_size=6)
        for column in (self.ids, self.labels, *(self.conditions[c] for c in self.conditions)):
            digest.update("\n".join(map(str, column)).encode() + b"\0")
        digest.update(",".join(self.conditions.columns).encode())
        for column, blank in ((self.origins, ""), (self.senders, ""), (self.label_times, 0)):
            if (column != blank).any():
                digest.update(b"\0" + "\n".join(map(str, column)).encode())
        return digest.hexdigest()


def image_ids(images: NDArray[np.floating]) -> NDArray[np.str_]:
    """Return a content hash per image, the same in any data version, window or capture file.

    Args:
        images: Images (n, 64, 64) or pixels (n, 4096), float32 in [0, 1].

    Returns:
        Hashes of 16 hexadecimal digits (n,).
    """
    rows = (hashlib.blake2b(image.tobytes(), digest_size=8).hexdigest() for image in images)
    return np.array(list(rows), dtype="U16")


def load_faces(
    source: str = "auto",
    *,
    people: int = 40,
    images: int = 10,
    seed: int = 0,
    crop: str = folder.AUTO,
) -> Faces:
    """Load faces.

    Args:
        source: 'auto' (Olivetti if available, else synthetic), a named source, or the path or URI
            of a folder with one subfolder per person.
        people: Number of synthetic people; other sources ignore it.
        images: Number of images per synthetic person.
        seed: Seed of the synthetic faces.
        crop: How pictures of a folder are cropped: "auto", "faces" or "middle".

    Returns:
        The faces; `source` is the name of the source that was used.

    Raises:
        UserError: If the source does not exist or cannot be read.
    """
    settings = GeneratorSettings(people, images, seed)
    if source == sources.AUTO:
        *preferred, last = sources.AUTO_ORDER
        for name in preferred:
            try:
                return _load_named(name, settings)
            except SourceUnavailable:
                continue
        return _load_named(last, settings)
    if source in sources.data_sources():
        return _load_named(source, settings)
    with remote.local_copy(source) as path:
        found = folder.read_faces(path, IMAGE_SIDE, crop)
        return replace(_validate(sources.FOLDER, found.faces), skipped=found.skipped)


def known_conditions(source: str) -> pd.DataFrame | None:
    """Return the conditions of a source without loading its images.

    Args:
        source: What `load_faces` accepts. For 'auto' these are the conditions of Olivetti.

    Returns:
        A table whose columns are the conditions and whose cells are their values; None for a
        folder in a bucket, which is not read here.

    Raises:
        UserError: If the source does not exist, or its conditions cannot be read.
    """
    name = sources.AUTO_ORDER[0] if source == sources.AUTO else source
    if named := sources.data_sources().get(name):
        return named.conditions()
    return None if remote.is_remote(source) else folder.read_conditions(source)


def _load_named(name: str, settings: GeneratorSettings) -> Faces:
    return _validate(name, sources.data_sources()[name].load(settings))


def _validate(source: str, raw: RawFaces) -> Faces:
    images, labels, table = raw
    if images.shape[1:] != (IMAGE_SIDE, IMAGE_SIDE) or not len(images) == len(labels) == len(table):
        raise UserError(
            f"{source}: images of shape {images.shape}, {len(labels)} labels and {len(table)} rows "
            f"of conditions do not match; expected (n, {IMAGE_SIDE}, {IMAGE_SIDE}), n and n"
        )
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
        raise UserError(f"{source}: pixels must be numbers from 0 to 1")
    return Faces(images, labels, table.astype(str), source)
