"""Which parts of a face contribute to its recognition: exact for models that are linear."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import COARSE, COUNT, FINE
from faces.runtime.operators import OPERATORS, Array, Arrays
from faces.runtime.portable import PortableModel

PARTS = FINE
"""Parts per side of a face: each is the sum of its pixels, or of a cell's pattern counts."""

HISTOGRAM = "lbp_histogram"
MONOTONIC = frozenset({"softmax", "log_distance"})
"""Operators that keep the order of the classes, and are not explained."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """What the parts of a face contribute to the decision between two people.

    Attributes:
        person: The most probable person.
        other: The second most probable one.
        parts: How much each part (8, 8) adds to the lead of `person` over `other`, compared with
            the mean enrolled face; negative parts speak for `other`.
        mean_face: The lead that the mean enrolled face would have. With all parts it adds up to the
            lead of this face.
    """

    person: str
    other: str
    parts: NDArray[np.float64]
    mean_face: float


class Explainer:
    """Explains the decisions of one model.

    Args:
        model: The model.
        enrolled: Enrolled faces (n, 4096) in [0, 1], whose mean other faces are compared with.
    """

    def __init__(self, model: PortableModel, enrolled: NDArray[np.floating]) -> None:
        self._classes = model.classes
        operators = list(model.operators)
        self._histogram = operators.pop(0)[1] if operators[0][0] == HISTOGRAM else None
        self._operators = operators
        self._enrolled = enrolled

    def explain(self, pixels: NDArray[np.floating]) -> Contributions | None:
        """Explain why a face is most probably of one person, and not of the second most probable.

        Args:
            pixels: The face (4096,) in [0, 1].

        Returns:
            What each part contributes; None if the model is not linear.
        """
        features = self._features(pixels[None])
        inputs, values = [], features
        for operator, arrays in self._operators:
            inputs.append(values)
            values = OPERATORS[operator](values, arrays)
        second, best = (int(column) for column in np.argsort(values[0])[-2:])
        direction = np.zeros(values.shape[1])
        direction[[best, second]] = 1, -1
        offset = 0.0
        for (operator, arrays), given in zip(
            reversed(self._operators), reversed(inputs), strict=True
        ):
            if operator in MONOTONIC:
                continue
            step = _backwards(operator, arrays, given[0], direction)
            if step is None:
                return None
            direction, constant = step
            offset += constant
        by_feature = direction * (features[0].astype(float) - self._mean)
        return Contributions(
            person=str(self._classes[best]),
            other=str(self._classes[second]),
            parts=self._parts(by_feature),
            mean_face=float(direction @ self._mean) + offset,
        )

    @cached_property
    def _mean(self) -> NDArray[np.float64]:
        return np.asarray(self._features(self._enrolled).mean(axis=0), float)

    def _features(self, pixels: NDArray[np.floating]) -> Array:
        rows = np.asarray(pixels, np.float32)
        return rows if self._histogram is None else OPERATORS[HISTOGRAM](rows, self._histogram)

    def _parts(self, by_feature: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up what belongs to the same part of the face."""
        if self._histogram is None:
            step = IMAGE_SIDE // PARTS
            return np.asarray(by_feature.reshape(PARTS, step, PARTS, step).sum(axis=(1, 3)))
        fine, coarse = np.split(by_feature.reshape(-1, COUNT).sum(axis=1), [FINE**2])
        step = FINE // COARSE
        spread = np.kron(coarse.reshape(COARSE, COARSE), np.full((step, step), 1 / step**2))
        return np.asarray(fine.reshape(FINE, FINE) + spread)


def _backwards(
    operator: str, arrays: Arrays, given: Array, direction: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float] | None:
    """Express a weighted sum of an operator's results as one of its inputs, and a constant.

    The length that `l2_normalize` divides by is taken as it is for this face, since it is the same
    for all people. Of `nearest_neighbour`, squared distances are explained: their difference is
    linear.

    Returns:
        The weights of the inputs, and the constant; None if the operator is not linear.
    """
    if operator == "affine":
        return arrays["weights"].astype(float) @ direction, float(arrays["offset"] @ direction)
    if operator == "l2_normalize":
        return direction / max(float(np.linalg.norm(given)), 1e-12), 0.0
    if operator == "nearest_neighbour":
        rows, starts = arrays["rows"].astype(float), arrays["starts"].astype(int)
        best, second = (
            _nearest(rows, starts, int(column), given) for column in np.argsort(-direction)[[0, -1]]
        )
        return 2 * (best - second), float(second @ second - best @ best)
    return None


def _nearest(
    rows: NDArray[np.float64], starts: NDArray[np.integer], column: int, given: Array
) -> NDArray[np.float64]:
    own = np.split(rows, starts[1:])[column]
    nearest: NDArray[np.float64] = own[np.linalg.norm(own - given, axis=1).argmin()]
    return nearest
