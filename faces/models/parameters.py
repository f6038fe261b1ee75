"""Parameters of recognisers: the signature of `build` is the only place with their defaults."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

Components = Annotated[
    int | float, "number of principal components or, below 1, the share of variance they explain"
]
Whiten = Annotated[bool, "scale the principal components to unit variance"]
CalibrationFolds = Annotated[int, "folds on whose out-of-fold scores the temperature is fitted"]
Blur = Annotated[float, "sigma in pixels of the Gaussian filter before the local binary patterns"]
MaxIterations = Annotated[int, "maximum number of iterations of the optimizer"]
Seed = Annotated[int, "seed of everything random in the fit"]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a recogniser.

    Attributes:
        default: The value that applies unless another is set.
        meaning: What it does, in a few words.
    """

    default: bool | int | float | str
    meaning: str


def parameters_of(build: Callable[..., Any]) -> dict[str, Parameter]:
    """Read the parameters of a `build` function from its signature.

    Args:
        build: A function whose parameters have defaults and are annotated
            `Annotated[type, meaning]`.

    Returns:
        The parameters by name, in the order of the signature.
    """
    # Without the return type, a name of scikit-learn that may not have been imported.
    hints = {name: hint for name, hint in build.__annotations__.items() if name != "return"}
    return {
        name: Parameter(parameter.default, str(hints[name].__metadata__[0]))
        for name, parameter in inspect.signature(build).parameters.items()
    }
