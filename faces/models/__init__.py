"""Recognisers by name: one file in `recognisers` and one YAML in configs/models make a model."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from faces.errors import require_choice
from faces.models import recognisers

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def model_names() -> list[str]:
    """The models that there are: the modules of `faces.models.recognisers`."""
    return sorted(module.name for module in pkgutil.iter_modules(recognisers.__path__))


def model_builder(name: str) -> Callable[..., "Pipeline"]:
    """The `build` function of a model. Raises UserError for an unknown name, with the choices."""
    build: Callable[..., Pipeline] = import_module(
        f"{recognisers.__name__}.{require_choice('model', name, model_names())}"
    ).build
    return build


def build_model(name: str, **params: Any) -> "Pipeline":
    """An unfitted pipeline from pixels (n, 4096) to `predict` and `predict_proba`.

    Its first step is called 'pca', its last 'classifier'. `params` are those of the model's file.
    """
    return model_builder(name)(**params)
