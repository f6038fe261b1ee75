"""Serving backends: one package each, found by its object `BACKEND`."""

import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module

from components.checks import Check, Component, Packages
from components.deployers.backend import Backend


@cache
def backends() -> dict[str, Backend]:
    """Find the serving backends: the packages inside this one.

    Returns:
        Backends by flavor, found once per process.
    """
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    return {name: import_module(f"{__name__}.{name}").BACKEND for name in names}


def flavors() -> dict[str, str]:
    """Return the import path of each flavor's class, by name."""
    return {name: backend.flavor for name, backend in backends().items()}


def packages() -> dict[str, Packages]:
    """Return what the flavors need to be imported, by flavor."""
    return {name: b.packages for name, b in backends().items() if b.packages is not None}


def checks_for(components: Sequence[Component]) -> Iterator[Check]:
    """List the checks of a stack's model deployer.

    Args:
        components: All components of a stack, with placeholders filled in.

    Yields:
        Checks that have not run yet.
    """
    for component in components:
        if component.flavor in backends():
            yield from backends()[component.flavor].checks(component)
