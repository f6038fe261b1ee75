"""Store large arrays of a model in fewer bytes; computation stays in float32.

Encoding what was decoded returns the same bytes, so that a quantized model that is read and written
again is the same file.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

FLOAT16, INT8 = "float16", "int8"
SCALE = ".scale"
"""Suffix of the key under which the scales of an array of int8 are stored."""

AXES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"weights": (0,), "rows": (1,), "factors": (1, 2)}
)
"""Arrays that are quantized, and the axes along which values share a scale: a column of weights
belongs to one output, a row to one image, and a factor to one class."""

STEPS = 127
SCALE_BITS = 16
"""Significant bits of a scale: its product with 7 bits is exact in float32."""


def encode_array(key: str, array: Array, quantization: str) -> dict[str, NDArray[Any]]:
    """Encode an array of an operator for the file.

    Args:
        key: Number and name of the array, such as "2.weights".
        array: Its values.
        quantization: FLOAT16, INT8, or "" for none.

    Returns:
        The arrays to store, by key. Values differ by at most a relative 2^-11 (float16), or by half
        a step of 1/127 of the largest value with the same scale (int8).
    """
    axis = AXES.get(key.partition(".")[2])
    if not quantization or axis is None:
        return {key: array}
    if quantization == FLOAT16:
        with np.errstate(over="ignore"):  # infinite weights are never within the tolerances
            return {key: array.astype(np.float16)}
    scale = _scales(array, axis)
    steps = np.rint(array / np.expand_dims(np.where(scale > 0, scale, 1), axis))
    return {key: steps.astype(np.int8), key + SCALE: scale}


def decode_arrays(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Decode the arrays of a file.

    Args:
        arrays: What `encode_array` returned, by key; other arrays stay as they are.

    Returns:
        The arrays, those that were quantized in float32.
    """
    decoded: dict[str, NDArray[Any]] = {}
    for key, array in arrays.items():
        if key + SCALE in arrays:
            scale = np.expand_dims(arrays[key + SCALE], AXES[key.partition(".")[2]])
            decoded[key] = array.astype(np.float32) * scale
        elif key.removesuffix(SCALE) not in arrays or not key.endswith(SCALE):
            decoded[key] = array.astype(np.float32) if array.dtype == np.float16 else array
    return decoded


def _scales(array: Array, axis: tuple[int, ...]) -> Array:
    """Return the step of each column, row or factor, rounded up to `SCALE_BITS` bits."""
    fraction, exponent = np.frexp(np.abs(array).max(axis=axis) / np.float64(STEPS))
    rounded = np.ceil(np.ldexp(fraction, SCALE_BITS))
    scales: Array = np.ldexp(rounded, exponent - SCALE_BITS).astype(np.float32)
    return scales
