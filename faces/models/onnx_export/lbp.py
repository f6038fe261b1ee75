"""Local binary patterns as nodes of an ONNX graph; see `faces.runtime.lbp`.

Each float32 operation is that of the original, in the same order: a difference in the last bit
could change a pattern.
"""

import numpy as np
from numpy.typing import NDArray

from faces.models.onnx_export.builder import GraphBuilder
from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import BINS, CELLS, COARSE, COUNT, DIAGONAL, FINE, RADIUS
from faces.runtime.operators import Arrays


def lbp_histogram(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    """Add the nodes of `faces.runtime.operators.lbp_histogram`.

    Args:
        graph: The graph.
        values: Name of the pixels (n, 4096).
        arrays: `blur`, the weights of the smoothing kernel from its centre outwards.

    Returns:
        The name of the histograms (n, 4720).
    """
    images = graph.add("Reshape", values, graph.integers([-1, IMAGE_SIDE, IMAGE_SIDE]))
    for axis in (1, 2):
        images = _convolve(graph, images, arrays["blur"], axis)
    return _count(graph, _patterns(graph, images))


def _convolve(graph: GraphBuilder, images: str, kernel: NDArray[np.float32], axis: int) -> str:
    """Filter along an axis, mirrored at the edges; see `faces.runtime.lbp.smooth`."""
    reach = len(kernel) - 1
    mirrored = np.pad(np.arange(IMAGE_SIDE), reach, mode="symmetric")

    def shifted(by: int) -> str:
        places = mirrored[reach + by : reach + by + IMAGE_SIDE]
        return graph.add("Gather", images, graph.integers(places.tolist()), axis=axis)

    total = graph.add("Mul", images, graph.constant(kernel[0]))
    for by in range(1, reach + 1):
        pair = graph.add("Add", shifted(by), shifted(-by))
        total = graph.add("Add", total, graph.add("Mul", pair, graph.constant(kernel[by])))
    return total


def _patterns(graph: GraphBuilder, images: str) -> str:
    """Encode each pixel by its 8 neighbours; see `faces.runtime.lbp`."""
    from onnx import TensorProto

    padded = graph.add("Pad", images, graph.integers([0, RADIUS, RADIUS] * 2))
    axes = graph.integers([1, 2])
    near, far = graph.constant(np.float32(1) - DIAGONAL), graph.constant(DIAGONAL)

    def at(dy: int, dx: int) -> str:
        start = (RADIUS + dy, RADIUS + dx)
        end = graph.integers([start[0] + IMAGE_SIDE, start[1] + IMAGE_SIDE])
        return graph.add("Slice", padded, graph.integers(start), end, axes)

    def between(first: str, second: str) -> str:
        return graph.add("Add", graph.add("Mul", near, first), graph.add("Mul", far, second))

    def diagonal(sy: int, sx: int) -> str:
        level = between(at(sy, sx), at(sy, 2 * sx))
        return between(level, between(at(2 * sy, sx), at(2 * sy, 2 * sx)))

    neighbours = (
        at(0, 2), diagonal(-1, 1), at(-2, 0), diagonal(-1, -1),
        at(0, -2), diagonal(1, -1), at(2, 0), diagonal(1, 1),
    )  # fmt: skip
    bits = []
    for bit, neighbour in enumerate(neighbours):
        no_darker = graph.add("GreaterOrEqual", neighbour, images)
        number = graph.add("Cast", no_darker, to=TensorProto.INT64)
        bits.append(graph.add("Mul", number, graph.constant(np.int64(1 << bit))))
    return graph.sum(*bits)


def _count(graph: GraphBuilder, patterns: str) -> str:
    """Count the bins in each cell: the fine cells, then the coarse ones."""
    bins = graph.add("Gather", graph.constant(BINS.astype(np.int64)), patterns)
    places = graph.add("Add", bins, graph.constant(CELLS.astype(np.int64)))
    places = graph.add("Reshape", places, graph.integers([0, -1]))
    count = graph.add("Shape", places, start=0, end=1)
    shape = graph.add("Concat", count, graph.integers([FINE**2 * COUNT]), axis=0)
    zeros = graph.add("Expand", graph.constant(np.float32(0)), shape)
    ones = graph.add("Expand", graph.constant(np.float32(1)), graph.add("Shape", places))
    fine = graph.add("ScatterElements", zeros, places, ones, axis=1, reduction="add")
    step = FINE // COARSE
    grid = graph.add("Reshape", fine, graph.integers([0, COARSE, step, COARSE, step, COUNT]))
    coarse = graph.add("ReduceSum", grid, graph.integers([2, 4]), keepdims=0)
    flat = graph.add("Reshape", coarse, graph.integers([0, -1]))
    return graph.add("Sqrt", graph.add("Concat", fine, flat, axis=1))
