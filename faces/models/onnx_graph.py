"""Convert the portable model to an ONNX graph, for other languages and runtimes.

The graph computes the same in the same order, so that the comparisons of local binary patterns have
the same results, bit for bit. It needs the package `onnx` (`make setup-onnx`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import BINS, CELLS, COARSE, COUNT, DIAGONAL, FINE, RADIUS
from faces.runtime.operators import SMALLEST_DISTANCE, Arrays
from faces.runtime.portable import PortableModel

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET, IR_VERSION = 18, 10
"""Reductions take their axes as an input from opset 18 on (ONNX 1.13, 2022)."""

INPUT, PROBABILITIES, SCORES = "pixels", "probabilities", "scores"
"""Names of the graph's input (n, 4096), and of its outputs (n, classes) and (n,)."""


def convert_model(model: PortableModel) -> "ModelProto":
    """Convert a portable model.

    Args:
        model: The model.

    Returns:
        A checked ONNX model from `pixels` (n, 4096) in [0, 1] to `probabilities` (n, classes) and
        `scores` (n,). Its metadata has the classes as a JSON list, the rejection threshold (empty
        if the model does not reject), and the portable model's metadata.
    """
    from onnx import TensorProto, checker, helper

    graph = GraphBuilder()
    values = previous = INPUT
    for operator, arrays in model.operators:
        previous, values = values, CONVERTERS[operator](graph, values, arrays)
    largest = graph.add("ReduceMax", previous, graph.integers([1]), keepdims=0)
    scale = graph.constant(np.float32(model.logit_scale))
    graph.add("Div", largest, scale, output=SCORES)
    graph.add("Identity", values, output=PROBABILITIES)

    def declare(name: str, *shape: str | int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [declare(INPUT, "n", IMAGE_SIDE**2)]
    outputs = [declare(PROBABILITIES, "n", len(model.classes)), declare(SCORES, "n")]
    converted = helper.make_model(
        helper.make_graph(graph.nodes, "faces", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="face-recognizer",
    )
    threshold = model.rejection_threshold
    properties = {
        "classes": json.dumps(model.classes.tolist()),
        "rejection_threshold": "" if threshold is None else repr(float(np.float32(threshold))),
    }
    helper.set_model_props(converted, {**model.metadata, **properties})
    checker.check_model(converted, full_check=True)
    return converted


class GraphBuilder:
    """Collects the nodes and constants of a graph, and names them."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """Add a constant.

        Args:
            value: Its value; the type is kept.

        Returns:
            Its name.
        """
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def integers(self, values: Sequence[int]) -> str:
        """Add a constant vector of integers, such as a shape or axes.

        Args:
            values: The integers.

        Returns:
            Its name.
        """
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output.

        Args:
            operator: An operator of ONNX.
            *inputs: Names of its inputs.
            output: Name of its output; "" for the next free one.
            **attributes: Its attributes.

        Returns:
            The name of its output.
        """
        from onnx import helper

        name = output or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def sum(self, *terms: str) -> str:
        """Add terms one after the other.

        Args:
            *terms: Names of the terms.

        Returns:
            The name of the sum.
        """
        total, *rest = terms
        for term in rest:
            total = self.add("Add", total, term)
        return total


def _affine(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    product = graph.add("MatMul", values, graph.constant(arrays["weights"]))
    return graph.add("Add", product, graph.constant(arrays["offset"]))


def _l2_normalize(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    squares = graph.add("Mul", values, values)
    lengths = graph.add("Sqrt", graph.add("ReduceSum", squares, graph.integers([1])))
    zero, one = graph.constant(np.float32(0)), graph.constant(np.float32(1))
    positive = graph.add("Greater", lengths, zero)
    return graph.add("Div", values, graph.add("Where", positive, lengths, one))


def _relu(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    return graph.add("Relu", values)


def _softmax(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    return graph.add("Softmax", values, axis=1)


def _log_distance(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    smallest = graph.constant(SMALLEST_DISTANCE)
    distances = graph.add("Max", graph.add("Neg", values), smallest)
    return graph.add("Mul", graph.add("Log", distances), graph.constant(-arrays["scale"]))


def _nearest_neighbour(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    """In double precision, like `faces.runtime.operators.nearest_per_class`."""
    from onnx import TensorProto

    rows = arrays["rows"].astype(np.float64)
    wide = graph.add("Cast", values, to=TensorProto.DOUBLE)
    norms = graph.add("ReduceSum", graph.add("Mul", wide, wide), graph.integers([1]))
    row_norms = graph.constant(np.einsum("ij,ij->i", rows, rows))
    products = graph.add("MatMul", wide, graph.constant(2 * rows.T))
    distances = graph.add("Sub", graph.add("Add", norms, row_norms), products)
    columns = _rows_of_classes(arrays["starts"].astype(np.int64), len(rows))
    by_class = graph.add("Gather", distances, graph.constant(columns), axis=1)
    nearest = graph.add("ReduceMin", by_class, graph.integers([2]), keepdims=0)
    positive = graph.add("Max", nearest, graph.constant(np.float64(0)))
    single = graph.add("Cast", graph.add("Sqrt", positive), to=TensorProto.FLOAT)
    return graph.add("Mul", single, graph.constant(-arrays["scale"]))


def _rows_of_classes(starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return each class's rows, (classes, most rows of a class); the last one is repeated."""
    ends = np.append(starts[1:], count)
    longest = np.arange((ends - starts).max())
    rows: NDArray[np.int64] = np.minimum(starts[:, None] + longest, ends[:, None] - 1)
    return rows


def _probit(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
    logits = _affine(graph, values, arrays)
    mean = graph.add("ReduceMean", logits, graph.integers([1]))
    factors = graph.constant(arrays["factors"])
    spread = graph.add("Einsum", values, factors, equation="nd,kde->nke")
    squares = graph.add("Mul", spread, spread)
    variance = graph.add("ReduceSum", squares, graph.integers([2]), keepdims=0)
    weighted = graph.add("Mul", variance, graph.constant(np.float32(np.pi / 8)))
    moderation = graph.add("Sqrt", graph.add("Add", weighted, graph.constant(np.float32(1))))
    return graph.add("Div", graph.add("Sub", logits, mean), moderation)


def _lbp_histogram(graph: GraphBuilder, values: str, arrays: Arrays) -> str:
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


CONVERTERS: Mapping[str, Callable[[GraphBuilder, str, Arrays], str]] = {
    "affine": _affine,
    "lbp_histogram": _lbp_histogram,
    "l2_normalize": _l2_normalize,
    "relu": _relu,
    "nearest_neighbour": _nearest_neighbour,
    "log_distance": _log_distance,
    "probit": _probit,
    "softmax": _softmax,
}
"""For each operator of the portable model, the function that adds its nodes to the graph."""
