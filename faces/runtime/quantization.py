"""Store large arrays of a model in fewer bytes; computation stays in float32.

Encoding what was decoded returns the same bytes, so that a quantized model that is read and written
again is the same file.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import PIXELS

Array = NDArray[np.float32]

FLOAT16, INT8 = "float16", "int8"
SCALE = ".scale"
"""Suffix of the key under which the scales of an array of int8 are stored."""

AXES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"weights": (0,), "rows": (1,), "factors": (1, 2)}
)
"""Arrays that are quantized, and the axes along which values share a scale: a column of weights
belongs to one output, a row to one image, and a factor to one class."""

PIXEL_WEIGHTS = "0.weights"
"""The weights of the first operator, if it has any, are those of the pixels."""

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
        a step of 1/127 of the largest value with the same scale (int8); by up to a step and a half
        if they are the weights of pixels.
    """
    axis = AXES.get(key.partition(".")[2])
    if not quantization or axis is None:
        return {key: array}
    if quantization == FLOAT16:
        with np.errstate(over="ignore"):  # infinite weights are never within the tolerances
            return {key: array.astype(np.float16)}
    scale = _scales(array, axis)
    steps = array / np.expand_dims(np.where(scale > 0, scale, 1), axis)
    of_pixels = key == PIXEL_WEIGHTS and len(array) == PIXELS
    rounded = _round_with_carry(steps) if of_pixels else np.rint(steps)
    return {key: rounded.astype(np.int8), key + SCALE: scale}


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


def _round_with_carry(steps: Array) -> Array:
    """Return rounded weights of pixels; each rounding error is added to the weight of the next one.

    Neighbouring pixels are alike, so most of the errors cancel in the weighted sum (error
    diffusion). The largest weights are rounded without the carry, so that the scale, which depends
    on them, is the same when the result is encoded again.
    """
    rounded = np.rint(steps)
    carry = np.zeros(steps.shape[1], np.float32)
    for row, own in zip(rounded, steps, strict=True):
        wanted = own + carry
        np.copyto(row, np.rint(wanted), where=np.abs(row) < STEPS)
        carry = wanted - row
    return rounded


def _scales(array: Array, axis: tuple[int, ...]) -> Array:
    """Return the step of each column, row or factor, rounded up to `SCALE_BITS` bits."""
    fraction, exponent = np.frexp(np.abs(array).max(axis=axis) / np.float64(STEPS))
    rounded = np.ceil(np.ldexp(fraction, SCALE_BITS))
    scales: Array = np.ldexp(rounded, exponent - SCALE_BITS).astype(np.float32)
    return scales
