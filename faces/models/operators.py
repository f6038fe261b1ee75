"""How a fitted estimator describes itself as operators of the portable model."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.floating]]
Operator = tuple[str, Arrays]
"""Name of an operator in `faces.runtime.operators.OPERATORS`, and its arrays."""


@runtime_checkable
class Exportable(Protocol):
    """A fitted estimator that can be exported to the portable model."""

    def to_operators(self) -> list[Operator]:
        """Return the operators that compute the same as the fitted estimator."""


def affine(weights: NDArray[np.floating], offset: NDArray[np.floating]) -> Operator:
    """Return the operator `values @ weights + offset`.

    Args:
        weights: (d, k).
        offset: (k,).

    Returns:
        The operator, with both arrays in double precision.
    """
    return "affine", {"weights": weights.astype(np.float64), "offset": offset.astype(np.float64)}
