"""Convert the portable model to an ONNX graph, for other languages and runtimes.

The graph computes the same in the same order, so that the comparisons of local binary patterns have
the same results, bit for bit. It needs the package `onnx` (`make setup-onnx`).
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faces.models.onnx_export.builder import GraphBuilder
from faces.models.onnx_export.lbp import lbp_histogram
from faces.runtime.image import IMAGE_SIDE
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


CONVERTERS: Mapping[str, Callable[[GraphBuilder, str, Arrays], str]] = {
    "affine": _affine,
    "lbp_histogram": lbp_histogram,
    "l2_normalize": _l2_normalize,
    "relu": _relu,
    "nearest_neighbour": _nearest_neighbour,
    "log_distance": _log_distance,
    "probit": _probit,
    "softmax": _softmax,
}
"""For each operator of the portable model, the function that adds its nodes to the graph."""
