"""Operators of the portable model: one function each, over arrays, with numpy alone.

Values and arrays are float32. n is the number of faces, d the number of features.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import count_patterns

SMALLEST_DISTANCE = np.float32(1e-6)
"""Distances below it count as this distance, since 0 has no logarithm."""

BLOCK_NUMBERS = 1 << 22
"""Numbers of a block of reference rows, and of its distances: 32 MB in double precision."""

Array = NDArray[np.float32]
Arrays = Mapping[str, Array]


def affine(values: Array, arrays: Arrays) -> Array:
    """Map rows to values @ weights + offset.

    Args:
        values: Rows (n, d).
        arrays: `weights` (d, k) and `offset` (k,).

    Returns:
        Rows (n, k).
    """
    product: Array = values @ arrays["weights"] + arrays["offset"]
    return product


def lbp_histogram(values: Array, arrays: Arrays) -> Array:
    """Compute local binary pattern histograms (Ojala et al. 2002; see `faces.runtime.lbp`).

    Args:
        values: Pixels (n, 4096) in [0, 1].
        arrays: `blur`, the weights of the smoothing kernel from its centre outwards.

    Returns:
        Square-rooted counts (n, 4720).
    """
    return count_patterns(values.reshape(-1, IMAGE_SIDE, IMAGE_SIDE), arrays["blur"])


def l2_normalize(values: Array, arrays: Arrays) -> Array:
    """Scale each row to Euclidean length 1.

    Args:
        values: Rows (n, d).
        arrays: Empty.

    Returns:
        Rows (n, d); rows of zeros stay zero.
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    return np.asarray(values / np.where(lengths > 0, lengths, 1))


def relu(values: Array, arrays: Arrays) -> Array:
    """Replace negative values by 0.

    Args:
        values: Rows (n, d).
        arrays: Empty.

    Returns:
        Rows (n, d).
    """
    positive: Array = np.maximum(values, 0)
    return positive


def nearest_neighbour(values: Array, arrays: Arrays) -> Array:
    """Score each class by its nearest row: see `nearest_per_class`.

    Args:
        values: Rows (n, d).
        arrays: `rows` (m, d), sorted by class; `starts` (classes,), the index of each class's first
            row; `scale` (1,), the inverse temperature.

    Returns:
        `scale` times the negative distances, (n, classes).
    """
    starts = arrays["starts"].astype(np.int64)
    scores: Array = arrays["scale"] * nearest_per_class(values, arrays["rows"], starts)
    return scores


def log_distance(values: Array, arrays: Arrays) -> Array:
    """Map negative distances to their negative logarithms: ratios count instead of differences.

    Args:
        values: Negative distances (n, classes).
        arrays: `scale` (1,), the inverse temperature.

    Returns:
        `scale` times the scores, (n, classes).
    """
    scores: Array = -arrays["scale"] * np.log(np.maximum(-values, SMALLEST_DISTANCE))
    return scores


def nearest_per_class(values: Array, rows: Array, starts: NDArray[np.integer]) -> Array:
    """Compute the negative Euclidean distance to the nearest row of each class.

    Computed in double precision, since the squared distance is a small difference of large numbers,
    and for a block of classes at a time, so that no copy of all rows is needed.

    Args:
        values: Feature vectors (n, d).
        rows: Reference vectors (m, d), sorted so that the rows of a class are contiguous.
        starts: Index of each class's first row in `rows`, (classes,), ascending.

    Returns:
        Negative distances (n, classes).
    """
    values = values.astype(np.float64)
    value_norms = np.einsum("ij,ij->i", values, values)
    ends = np.append(starts[1:], len(rows))
    rows_at_a_time = BLOCK_NUMBERS // max(*values.shape, 1)
    nearest = np.empty((len(values), len(starts)))
    first = 0
    while first < len(starts):
        start = starts[first]
        fit = int(np.searchsorted(ends, start + rows_at_a_time, side="right"))
        last = max(first + 1, fit)
        block = rows[start : ends[last - 1]].astype(np.float64)
        norms = np.einsum("ij,ij->i", block, block)
        distances = value_norms[:, None] + norms - 2 * (values @ block.T)
        nearest[:, first:last] = np.minimum.reduceat(distances, starts[first:last] - start, axis=1)
        first = last
    return np.asarray(-np.sqrt(np.maximum(nearest, 0)), np.float32)


def probit(values: Array, arrays: Arrays) -> Array:
    """Compute logits moderated by their variance under a Gaussian posterior of the weights.

    The softmax of the result approximates the mean softmax over the posterior: the probit
    approximation of MacKay (1992), for many classes Gibbs (1997).

    Args:
        values: Rows (n, d).
        arrays: Posterior mean `weights` (d, k) and `offset` (k,); `factors` (k, d, d), of which
            each F has F @ F.T equal to the covariance of a class's weights.

    Returns:
        Logits (n, k).
    """
    logits = values @ arrays["weights"] + arrays["offset"]
    logits = logits - logits.mean(axis=1, keepdims=True)
    spread = np.einsum("nd,kde->nke", values, arrays["factors"], optimize=True)
    variance = np.einsum("nke,nke->nk", spread, spread)
    moderated: Array = logits / np.sqrt(1 + np.pi / 8 * variance)
    return moderated


def softmax(values: Array, arrays: Arrays) -> Array:
    """Convert logits to probabilities.

    Args:
        values: Logits (n, classes).
        arrays: Empty.

    Returns:
        Probabilities (n, classes); each row adds up to 1.
    """
    # The reductions of ufuncs cost a single face less than the methods of arrays.
    odds: Array = np.exp(values - np.maximum.reduce(values, axis=1, keepdims=True))
    odds /= np.add.reduce(odds, axis=1, keepdims=True)
    return odds


OPERATORS: Mapping[str, Callable[[Array, Arrays], Array]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            affine,
            lbp_histogram,
            l2_normalize,
            relu,
            nearest_neighbour,
            log_distance,
            probit,
            softmax,
        )
    }
)
"""The operators a model file may name. A file that names any other is rejected."""
