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

CHUNK = 16
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
        np.sqrt(_counts(_patterns(smooth(part, kernel))), out=out[start : start + CHUNK])
    return out


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
    """Filter images along an axis, as one long row: what is computed across borders is cut off."""
    reach, length = len(kernel) - 1, images.shape[axis]
    padded = _mirror(images, reach, axis)
    flat = padded.ravel()
    step = padded.strides[axis] // padded.itemsize

    def shifted(by: int) -> Images:
        return flat[(reach + by) * step : flat.size - (reach - by) * step]

    out = np.empty_like(padded)
    filtered = out.ravel()[: flat.size - 2 * reach * step]
    np.multiply(shifted(0), kernel[0], out=filtered)
    for by in range(1, reach + 1):
        pair = shifted(by) + shifted(-by)
        pair *= kernel[by]
        filtered += pair
    return out[:, :length] if axis == 1 else out[..., :length]


def _mirror(images: Images, reach: int, axis: int) -> Images:
    """Extend images at both ends of an axis by their mirror images."""
    turned = np.moveaxis(images, axis, 0)
    shape = list(images.shape)
    shape[axis] += 2 * reach
    padded = np.empty(shape, np.float32)
    view = np.moveaxis(padded, axis, 0)
    view[reach : reach + len(turned)] = turned
    view[:reach] = turned[:reach][::-1]
    view[reach + len(turned) :] = turned[len(turned) - reach :][::-1]
    return padded


def _patterns(images: Images) -> NDArray[np.uint8]:
    """Encode each pixel: one bit for each of its 8 neighbours, set if that is no darker."""
    n, border = len(images), RADIUS
    side = IMAGE_SIDE + 2 * border
    padded = np.zeros((n, side, side), np.float32)
    padded[:, border:-border, border:-border] = images
    # Shifted as one long row, which is faster: what is computed across borders is cut off.
    flat, margin = padded.ravel(), border * side + border
    near, far = np.float32(1) - DIAGONAL, DIAGONAL

    def shifted(of: Images, dy: int, dx: int = 0) -> Images:
        by = dy * side + dx
        return of[margin + by : flat.size - margin + by]

    # Interpolated along the rows once, for the diagonal neighbours above and below.
    left, right = np.zeros_like(flat), np.zeros_like(flat)
    left[2:] = near * flat[1:-1] + far * flat[:-2]
    right[:-2] = near * flat[1:-1] + far * flat[2:]

    def diagonal(of: Images, dy: int) -> Images:
        return np.asarray(near * shifted(of, dy) + far * shifted(of, 2 * dy), np.float32)

    neighbours = (
        shifted(flat, 0, 2), diagonal(right, -1), shifted(flat, -2), diagonal(left, -1),
        shifted(flat, 0, -2), diagonal(left, 1), shifted(flat, 2), diagonal(right, 1),
    )  # fmt: skip
    patterns = np.zeros(padded.shape, np.uint8)
    codes, centre = patterns.ravel()[margin:-margin], shifted(flat, 0)
    for bit, neighbour in enumerate(neighbours):
        codes |= (neighbour >= centre).view(np.uint8) << np.uint8(bit)
    return patterns[:, border:-border, border:-border]


def _counts(patterns: NDArray[np.uint8]) -> Images:
    """Count the bins in each cell: the fine cells, then the coarse ones."""
    n, size = len(patterns), FINE**2 * COUNT
    places = BINS[patterns] + CELLS
    places += (np.arange(n) * size)[:, None, None]
    fine = np.bincount(places.ravel(), minlength=n * size).reshape(n, FINE, FINE, COUNT)
    step = FINE // COARSE
    coarse = fine.reshape(n, COARSE, step, COARSE, step, COUNT).sum(axis=(2, 4))
    counts = np.empty((n, WIDTH), np.float32)
    counts[:, :size], counts[:, size:] = fine.reshape(n, -1), coarse.reshape(n, -1)
    return counts
