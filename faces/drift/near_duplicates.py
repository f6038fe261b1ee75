"""Find near-duplicates, such as the frames of a burst: they are one observation, not several."""

import numpy as np
from numpy.typing import NDArray

Thumbnails = NDArray[np.float32]

SIDE = 8
"""Pixels of the thumbnails that are compared."""

CORRELATION = 0.998
"""Thumbnails of near-duplicates correlate more than this."""


def make_thumbnails(images: NDArray[np.floating]) -> Thumbnails:
    """Reduce images to thumbnails of mean 0 and length 1.

    Args:
        images: Images (n, h, w) whose sides are multiples of `SIDE`.

    Returns:
        Rows (n, 64); 0 for constant images.
    """
    height, width = (side // SIDE for side in images.shape[1:])
    strips = images.reshape(-1, SIDE, height, SIDE * width).mean(axis=2, dtype=np.float64)
    rows = strips.reshape(-1, SIDE**2, width).mean(axis=2)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(lengths > 1e-6, rows / np.maximum(lengths, 1e-6), 0).astype(np.float32)


def last_of_near_duplicates(images: NDArray[np.floating]) -> NDArray[np.int64]:
    """Find the images that no later image is a near-duplicate of.

    Args:
        images: Images (n, h, w).

    Returns:
        Row numbers, ascending.
    """
    thumbnails = make_thumbnails(images)
    kept: list[int] = []
    for row in reversed(range(len(images))):
        if not is_near_duplicate(thumbnails[row], thumbnails[kept]):
            kept.append(row)
    return np.array(kept[::-1], dtype=np.int64)


def near_duplicates(thumbnails: Thumbnails, others: Thumbnails) -> NDArray[np.bool_]:
    """Return which images are near-duplicates of which others.

    Args:
        thumbnails: Thumbnails (k, 64) of the images.
        others: Thumbnails (n, 64) of the others.

    Returns:
        For each image and each other one, (k, n).
    """
    constant = ~thumbnails.any(axis=1)
    alike = thumbnails @ others.T > CORRELATION
    alike[constant] = ~others.any(axis=1)
    return np.asarray(alike)


def is_near_duplicate(thumbnail: Thumbnails, others: Thumbnails) -> bool:
    """Return whether an image is a near-duplicate of another one.

    Args:
        thumbnail: Its thumbnail (64,).
        others: Thumbnails (n, 64) of the others.
    """
    return bool(near_duplicates(thumbnail[None], others).any())
