"""What a portable model may compute: one function a stage, over arrays, with numpy alone."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import count_patterns

Array = NDArray[np.float32]
Arrays = Mapping[str, Array]


def affine(values: Array, arrays: Arrays) -> Array:
    """Values @ weights + offset."""
    product: Array = values @ arrays["weights"] + arrays["offset"]
    return product


def lbp_histogram(values: Array, arrays: Arrays) -> Array:
    """Local binary patterns of pixels."""
    return count_patterns(values.reshape(-1, IMAGE_SIDE, IMAGE_SIDE), arrays["blur"])


def l2_normalize(values: Array, arrays: Arrays) -> Array:
    """Rows of length 1."""
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    return np.asarray(values / np.where(lengths > 0, lengths, 1))


def relu(values: Array, arrays: Arrays) -> Array:
    """Nothing below 0."""
    positive: Array = np.maximum(values, 0)
    return positive


def nearest_neighbour(values: Array, arrays: Arrays) -> Array:
    """Minus the distance to the nearest row of each person, times `scale`."""
    starts = arrays["starts"].astype(np.int64)
    scores: Array = arrays["scale"] * nearest_per_class(values, arrays["rows"], starts)
    return scores


def nearest_per_class(values: Array, rows: Array, starts: NDArray[np.integer]) -> Array:
    """Minus the distance of values (n, d) to the nearest of each person's rows (m, d): (n, people).

    A person's rows stand together and begin at `starts`. In double precision, since what is left of
    the squares is small against them.
    """
    values, rows = values.astype(np.float64), rows.astype(np.float64)
    squares = np.einsum("ij,ij->i", rows, rows)
    own = np.einsum("ij,ij->i", values, values)
    far = own[:, None] + squares - 2 * (values @ rows.T)
    least = np.minimum.reduceat(far, starts, axis=1)
    return np.asarray(-np.sqrt(np.maximum(least, 0)), np.float32)


def probit(values: Array, arrays: Arrays) -> Array:
    """Logits, each drawn towards their mean as far as it is uncertain: MacKay 1992, Gibbs 1997.

    The softmax of it is about the mean softmax over the Gaussian weights.
    """
    logits = values @ arrays["weights"] + arrays["offset"]
    logits = logits - logits.mean(axis=1, keepdims=True)
    spread = np.einsum("nd,kde->nke", values, arrays["factors"], optimize=True)
    variance = np.einsum("nke,nke->nk", spread, spread)
    drawn: Array = logits / np.sqrt(1 + np.pi / 8 * variance)
    return drawn


def softmax(values: Array, arrays: Arrays) -> Array:
    """Probabilities."""
    odds: Array = np.exp(values - values.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
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
            probit,
            softmax,
        )
    }
)
"""What a file may ask to compute. A stage of another name is refused."""
