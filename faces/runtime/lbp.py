"""Local binary patterns: histograms of binary neighbourhood codes per grid cell.

Ojala, Pietikäinen, Mäenpää, PAMI 24 (2002); for faces: Ahonen, Hadid, Pietikäinen, PAMI 28 (2006).
Elementwise arithmetic only, so that training and serving compute identical histograms with any
linear algebra library.
"""

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE

RADIUS = 2
"""Distance of the 8 neighbours, in pixels."""

FINE, COARSE = 8, 4
"""Cells per side of the two grids whose histograms are concatenated."""

DIAGONAL = np.float32(RADIUS / np.sqrt(2) - 1)
"""Offset of the diagonal neighbours from the next pixel, for bilinear interpolation."""

CHUNK = 128
"""Images per batch, so that intermediate results stay in the processor's cache."""

Images = NDArray[np.float32]


def _uniform() -> NDArray[np.uint8]:
    """Map 8-bit codes to bins: one for each of 58 uniform patterns, one for all other patterns."""
    transitions = [
        sum((p >> i & 1) != (p >> (i + 1) % 8 & 1) for i in range(8)) for p in range(256)
    ]
    bins = np.full(256, 58, np.uint8)
    uniform = [pattern for pattern, count in enumerate(transitions) if count <= 2]
    bins[uniform] = np.arange(58)
    return bins


BINS = _uniform()
COUNT = int(BINS.max()) + 1
WIDTH = (FINE**2 + COARSE**2) * COUNT
"""Features per face: 4,720."""

CELLS = (
    np.kron(np.arange(FINE**2).reshape(FINE, FINE), np.ones((IMAGE_SIDE // FINE,) * 2, int)) * COUNT
)


def count_patterns(images: Images, kernel: Images) -> Images:
    """Compute local binary pattern histograms of smoothed images.

    Without smoothing, Gaussian noise of 0.05 destroys the patterns.

    Args:
        images: Faces (n, 64, 64) in [0, 1].
        kernel: Weights of a symmetric smoothing kernel, from its centre outwards.

    Returns:
        Square roots of the counts of each pattern in each cell, (n, 4720).
    """
    out = np.empty((len(images), WIDTH), np.float32)
    for start in range(0, len(images), CHUNK):
        part = np.asarray(images[start : start + CHUNK], np.float32)
        out[start : start + CHUNK] = _counts(_patterns(smooth(part, kernel)))
    return np.sqrt(out, out=out)


def smooth(images: Images, kernel: Images) -> Images:
    """Filter images along both axes, mirrored at their edges.

    Args:
        images: Images (n, 64, 64).
        kernel: Weights of a symmetric kernel, from its centre outwards.

    Returns:
        Filtered images (n, 64, 64).
    """
    for axis in (1, 2):
        images = _convolve(images, kernel, axis)
    return images


def gaussian(sigma: float) -> Images:
    """Make a Gaussian kernel, truncated at four standard deviations.

    Args:
        sigma: Standard deviation in pixels; 0 for a kernel that changes nothing.

    Returns:
        Its weights from the centre outwards; the whole symmetric kernel adds up to 1.
    """
    offsets = np.arange(int(4 * sigma + 0.5) + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2) if sigma else np.ones(1)
    return np.asarray(weights / (2 * weights.sum() - weights[0]), np.float32)


def _convolve(images: Images, kernel: Images, axis: int) -> Images:
    reach, length = len(kernel) - 1, images.shape[axis]
    padding = [(0, 0)] * 3
    padding[axis] = (reach, reach)
    padded = np.pad(images, padding, mode="symmetric")

    def shifted(by: int) -> Images:
        window = slice(reach + by, reach + by + length)
        return np.asarray(padded[:, window] if axis == 1 else padded[..., window], np.float32)

    out: Images = images * kernel[0]
    for by in range(1, reach + 1):
        out += (shifted(by) + shifted(-by)) * kernel[by]
    return out


def _patterns(images: Images) -> NDArray[np.uint8]:
    """Encode each pixel: one bit for each of its 8 neighbours, set if that is no darker."""
    n, border = len(images), RADIUS
    padded = np.zeros((n, IMAGE_SIDE + 2 * border, IMAGE_SIDE + 2 * border), np.float32)
    padded[:, border:-border, border:-border] = images
    near, far = np.float32(1) - DIAGONAL, DIAGONAL

    def rows(of: Images, dy: int) -> Images:
        return of[:, border + dy : border + dy + IMAGE_SIDE]

    def columns(of: Images, dx: int) -> Images:
        return of[..., border + dx : border + dx + IMAGE_SIDE]

    # Interpolated along the rows once, for the diagonal neighbours above and below.
    left, right = (near * columns(padded, dx) + far * columns(padded, 2 * dx) for dx in (-1, 1))

    def diagonal(side: Images, dy: int) -> Images:
        return np.asarray(near * rows(side, dy) + far * rows(side, 2 * dy), np.float32)

    middle, centre = columns(padded, 0), rows(padded, 0)
    neighbours = (
        columns(centre, 2), diagonal(right, -1), rows(middle, -2), diagonal(left, -1),
        columns(centre, -2), diagonal(left, 1), rows(middle, 2), diagonal(right, 1),
    )  # fmt: skip
    patterns = np.zeros(images.shape, np.uint8)
    for bit, neighbour in enumerate(neighbours):
        patterns |= (neighbour >= images).view(np.uint8) << np.uint8(bit)
    return patterns


def _counts(patterns: NDArray[np.uint8]) -> Images:
    """Count the bins in each cell: the fine cells, then the coarse ones."""
    n, size = len(patterns), FINE**2 * COUNT
    places = BINS[patterns] + CELLS
    places += (np.arange(n) * size)[:, None, None]
    fine = np.bincount(places.ravel(), minlength=n * size).reshape(n, FINE, FINE, COUNT)
    step = FINE // COARSE
    coarse = fine.reshape(n, COARSE, step, COARSE, step, COUNT).sum(axis=(2, 4))
    return np.hstack([fine.reshape(n, -1), coarse.reshape(n, -1)]).astype(np.float32)
