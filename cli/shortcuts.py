"""Skip work that ZenML and MLflow repeat in every run, and that this project does not need."""

import functools
import importlib.metadata
import importlib.util
import sys

import importlib_metadata
from packaging.requirements import Requirement
from zenml.integrations.integration import Integration
from zenml.integrations.registry import IntegrationRegistry

MODULES = {"scikit-learn": "sklearn", "pillow": "PIL", "scipy": "scipy.sparse"}
"""Modules that define the types of a package, where they are not named like the package."""


def take_shortcuts() -> None:
    """Replace two functions by faster ones, for the whole process."""
    # ZenML asks for every source that it resolves, and MLflow asks again: 0.3 s each time.
    distributions = functools.cache(importlib.metadata.packages_distributions)
    importlib.metadata.packages_distributions = distributions
    importlib_metadata.packages_distributions = distributions
    IntegrationRegistry.activate_integrations = _activate_imported  # type: ignore[assignment, method-assign]


def _activate_imported(registry: IntegrationRegistry) -> None:
    """Activate the integrations whose types may be in use.

    ZenML imports every integration that is installed, to register its materializers. But a step
    can only be annotated with types of a package that it has imported.
    """
    for integration in registry.integrations.values():
        if _has_imported_types(integration) and integration.check_installation():
            integration.activate()


def _has_imported_types(integration: type[Integration]) -> bool:
    if importlib.util.find_spec(f"{integration.__module__}.materializers") is None:
        return False
    package = Requirement(next(iter(integration.get_requirements()))).name.lower()
    return MODULES.get(package, package) in sys.modules
