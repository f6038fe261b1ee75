"""Local binary patterns: what the neighbourhood of each pixel looks like, counted by cell.

Ojala, Pietikäinen, Mäenpää, PAMI 24 (2002); for faces: Ahonen, Hadid, Pietikäinen, PAMI 28 (2006).
With numpy alone and by elementwise arithmetic only, so that training and serving count the same.
"""

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE

RADIUS = 2
FINE, COARSE = 8, 4
"""Cells a side, twice: histograms of both stand side by side."""

DIAGONAL = np.float32(RADIUS / np.sqrt(2) - 1)
"""How far the diagonal neighbours lie beyond the next pixel: they are interpolated."""

CHUNK = 128
"""Images at a time: so what is needed in between stays in the processor's cache."""

Images = NDArray[np.float32]


def _uniform() -> NDArray[np.uint8]:
    """From a pattern of 8 bits to its bin: 58 with at most two changes, one for all others."""
    changes = [sum((p >> i & 1) != (p >> (i + 1) % 8 & 1) for i in range(8)) for p in range(256)]
    bins = np.full(256, 58, np.uint8)
    few = [pattern for pattern, count in enumerate(changes) if count <= 2]
    bins[few] = np.arange(58)
    return bins


BINS = _uniform()
COUNT = int(BINS.max()) + 1
WIDTH = (FINE**2 + COARSE**2) * COUNT
"""Numbers a face: 4,720."""

CELLS = (
    np.kron(np.arange(FINE**2).reshape(FINE, FINE), np.ones((IMAGE_SIDE // FINE,) * 2, int)) * COUNT
)


def count_patterns(images: Images, blur: Images) -> Images:
    """Square roots of the counts of each pattern in each cell, (n, 4720), of images (n, 64, 64).

    `blur` are the weights of a symmetric kernel from its middle outwards; without blurring, noise
    of a twentieth leaves nothing of the patterns.
    """
    out = np.empty((len(images), WIDTH), np.float32)
    for start in range(0, len(images), CHUNK):
        part = np.asarray(images[start : start + CHUNK], np.float32)
        out[start : start + CHUNK] = _counts(_patterns(smooth(part, blur)))
    return np.sqrt(out, out=out)


def smooth(images: Images, blur: Images) -> Images:
    """Images (n, 64, 64) filtered by a kernel along both axes, mirrored at their edges."""
    for axis in (1, 2):
        images = _along(images, blur, axis)
    return images


def gaussian(sigma: float) -> Images:
    """The weights of a Gaussian from its middle outwards, cut at four sigma."""
    reach = np.arange(int(4 * sigma + 0.5) + 1)
    weights = np.exp(-0.5 * (reach / sigma) ** 2) if sigma else np.ones(1)
    return np.asarray(weights / (2 * weights.sum() - weights[0]), np.float32)


def _along(images: Images, blur: Images, axis: int) -> Images:
    reach, length = len(blur) - 1, images.shape[axis]
    width = [(0, 0)] * 3
    width[axis] = (reach, reach)
    padded = np.pad(images, width, mode="symmetric")

    def shifted(by: int) -> Images:
        window = slice(reach + by, reach + by + length)
        return np.asarray(padded[:, window] if axis == 1 else padded[..., window], np.float32)

    out: Images = images * blur[0]
    for by in range(1, reach + 1):
        out += (shifted(by) + shifted(-by)) * blur[by]
    return out


def _patterns(images: Images) -> NDArray[np.uint8]:
    """Each pixel's pattern: a bit for each of 8 neighbours that is no darker than it."""
    n, border = len(images), RADIUS
    padded = np.zeros((n, IMAGE_SIDE + 2 * border, IMAGE_SIDE + 2 * border), np.float32)
    padded[:, border:-border, border:-border] = images

    def at(dy: int, dx: int) -> Images:
        y, x = border + dy, border + dx
        return padded[:, y : y + IMAGE_SIDE, x : x + IMAGE_SIDE]

    near, far = np.float32(1) - DIAGONAL, DIAGONAL

    def diagonal(sy: int, sx: int) -> Images:
        level = near * at(sy, sx) + far * at(sy, 2 * sx)
        beyond = near * at(2 * sy, sx) + far * at(2 * sy, 2 * sx)
        return np.asarray(near * level + far * beyond, np.float32)

    neighbours = (
        at(0, 2), diagonal(-1, 1), at(-2, 0), diagonal(-1, -1),
        at(0, -2), diagonal(1, -1), at(2, 0), diagonal(1, 1),
    )  # fmt: skip
    patterns = np.zeros(images.shape, np.uint8)
    for bit, neighbour in enumerate(neighbours):
        patterns |= (neighbour >= images).view(np.uint8) << np.uint8(bit)
    return patterns


def _counts(patterns: NDArray[np.uint8]) -> Images:
    """How often each bin is in each cell: the fine cells, then the coarse ones."""
    n, size = len(patterns), FINE**2 * COUNT
    places = BINS[patterns] + CELLS
    places += (np.arange(n) * size)[:, None, None]
    fine = np.bincount(places.ravel(), minlength=n * size).reshape(n, FINE, FINE, COUNT)
    step = FINE // COARSE
    coarse = fine.reshape(n, COARSE, step, COARSE, step, COUNT).sum(axis=(2, 4))
    return np.hstack([fine.reshape(n, -1), coarse.reshape(n, -1)]).astype(np.float32)
