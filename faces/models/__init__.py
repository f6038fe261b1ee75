"""Recognisers by name: a module in `recognisers` and a YAML file in configs/models add one."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from faces.errors import require_choice
from faces.models import recognisers
from faces.models.parameters import Parameter, parameters_of

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ModelParams = dict[str, bool | int | float | str]
"""Parameters of a recogniser's `build`, by name."""


def model_names() -> list[str]:
    """Return the available models: the modules of `faces.models.recognisers`, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(recognisers.__path__))


def model_builder(name: str) -> Callable[..., "Pipeline"]:
    """Return the `build` function of a model.

    Args:
        name: One of `model_names()`.

    Returns:
        A function of the model's parameters, all optional, that returns an unfitted recogniser.

    Raises:
        UserError: If there is no such model; the message lists the choices.
    """
    build: Callable[..., Pipeline] = import_module(
        f"{recognisers.__name__}.{require_choice('model', name, model_names())}"
    ).build
    return build


def model_parameters(name: str) -> dict[str, Parameter]:
    """Return the parameters of a model with default and meaning.

    Args:
        name: The model.

    Returns:
        The parameters of its `build`, in order, without `seed`, which is a setting of the pipeline.

    Raises:
        UserError: If there is no such model.
    """
    parameters = parameters_of(model_builder(name))
    return {key: parameter for key, parameter in parameters.items() if key != "seed"}


def build_model(name: str, **params: bool | int | float | str) -> "Pipeline":
    """Build an unfitted recogniser.

    Args:
        name: The model.
        **params: Parameters of its `build`; defaults apply to the others.

    Returns:
        A pipeline from pixels (n, 4096) to `predict` and `predict_proba`. The last step is the
        classifier; the steps before it, at least one, compute its features.

    Raises:
        UserError: If there is no such model.
    """
    return model_builder(name)(**params)
