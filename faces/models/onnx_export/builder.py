"""Builds an ONNX graph node by node."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
