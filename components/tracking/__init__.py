"""Experiment trackers: one module per ZenML flavor, found by its class `TRACKER`."""

import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module

from components.checks import Check, Component, Packages
from components.tracking.base import Tracker

EXPERIMENT_TRACKER = "experiment_tracker"


@cache
def trackers() -> dict[str, Tracker]:
    """Find the trackers: every module of this package that has an object `TRACKER`.

    Returns:
        Trackers by flavor, sorted, found once per process.
    """
    names = (module.name for module in pkgutil.iter_modules(__path__))
    modules = {name: import_module(f"{__name__}.{name}") for name in names}
    return {name: m.TRACKER for name, m in sorted(modules.items()) if hasattr(m, "TRACKER")}


def packages() -> dict[str, Packages]:
    """Return what the trackers' flavors need to be imported, by flavor."""
    return {flavor: tracker.packages for flavor, tracker in trackers().items()}


def checks_for(components: Sequence[Component]) -> Iterator[Check]:
    """List the checks of a stack's experiment tracker.

    Args:
        components: All components of a stack, with placeholders filled in.

    Yields:
        Checks that have not run yet.
    """
    for component in components:
        if component.type == EXPERIMENT_TRACKER and component.flavor in trackers():
            yield from trackers()[component.flavor].checks_for(component)
