"""Skip work of ZenML and MLflow that takes seconds in every run and that a run may not need."""

import functools
import importlib.metadata
import importlib.util
import re
import sqlite3
import sys
from typing import Any

import importlib_metadata
from packaging.requirements import Requirement
from sqlalchemy import Engine, event
from zenml.experiment_trackers import BaseExperimentTracker
from zenml.integrations.integration import Integration
from zenml.integrations.mlflow.flavors import (
    MLFlowExperimentTrackerFlavor,
    MLFlowModelRegistryFlavor,
)
from zenml.integrations.registry import IntegrationRegistry
from zenml.model_registries import BaseModelRegistry
from zenml.stack import Flavor, StackComponent

MODULES = {"scikit-learn": "sklearn", "pillow": "PIL", "scipy": "scipy.sparse"}
"""Modules that define the types of a package, where they are not named like the package."""

PACKAGE_NAME = re.compile(r"^Name: *(.+?) *$", re.MULTILINE)
"""A package's name, in its METADATA file."""

TOP_LEVEL_MODULE = re.compile(r"^([A-Za-z_]\w*)(?:/|(?:\.[\w-]+)*\.(?:py|so|pyd),)", re.MULTILINE)
"""A package's folder or module, in a line of its RECORD file: "numpy/__init__.py,sha256=…,16"."""

STEP_HOOKS = frozenset({"prepare_step_run", "cleanup_step_run", "get_step_run_metadata"})
"""What ZenML calls on the experiment tracker of a step."""


@functools.cache
def take_shortcuts() -> None:
    """Replace functions of ZenML by faster ones, for the whole process.

    Must be called before the active stack is loaded. Calling it again does nothing.
    """
    importlib.metadata.packages_distributions = installed_packages
    importlib_metadata.packages_distributions = installed_packages
    event.listen(Engine, "connect", _sync_less)
    IntegrationRegistry.activate_integrations = _activate_imported  # type: ignore[assignment, method-assign]
    _import_on_demand(MLFlowExperimentTrackerFlavor, BaseExperimentTracker, STEP_HOOKS)
    _import_on_demand(MLFlowModelRegistryFlavor, BaseModelRegistry)


def _sync_less(connection: Any, _: Any) -> None:
    """Let SQLite wait for the disk before checkpoints only, as its documentation recommends.

    A power failure may undo the last transactions, but does not damage the database.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = NORMAL")


@functools.cache
def installed_packages() -> dict[str, list[str]]:
    """Return the names of the installed packages by the top-level module that they contain.

    The standard library's function checks that every file of every package exists, which takes
    0.3 s. ZenML calls it for each source that it resolves, and MLflow for each model.
    """
    packages: dict[str, list[str]] = {}
    for package in importlib.metadata.distributions():
        name = PACKAGE_NAME.search(package.read_text("METADATA") or "")
        if name is None:
            continue
        for module in set(TOP_LEVEL_MODULE.findall(package.read_text("RECORD") or "")):
            packages.setdefault(module, []).append(name[1])
    return packages


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


def _import_on_demand(
    flavor: type[Flavor], base: type[StackComponent], hooks: frozenset[str] = frozenset()
) -> None:
    """Let a flavor import its package when a component is used, not when its stack is loaded.

    Importing MLflow takes about as long as the steps of a cached run, which do not use it.
    """
    original: property = vars(flavor)["implementation_class"]
    triggers = hooks | base.__abstractmethods__  # type: ignore[attr-defined]

    class OnDemand(base):  # type: ignore[misc, valid-type]
        """Becomes an instance of the flavor's own class when it is used."""

        def __getattribute__(self, name: str) -> Any:
            if name in triggers:
                _become(self, original.fget(flavor()))  # type: ignore[misc]
            return object.__getattribute__(self, name)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            _become(self, original.fget(flavor()))  # type: ignore[misc]
            return getattr(self, name)

    OnDemand.__abstractmethods__ = frozenset()
    flavor.implementation_class = property(lambda self: OnDemand)  # type: ignore[method-assign, assignment]


def _become(component: StackComponent, kind: type[StackComponent]) -> None:
    component.__class__ = kind
