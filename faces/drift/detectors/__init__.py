"""Registry of drift detectors: one module per detector, found by name.

A detector is added by adding a module with a class that satisfies `faces.drift.detector.Detector`
and has the module's name as `name`.
"""

import pkgutil
from importlib import import_module

from faces.drift.detector import Detector, Images, Labels
from faces.errors import require_choice

DEFAULT_DETECTOR = "moments"


def detector_names() -> list[str]:
    """Return the names of all detectors, sorted."""
    # Imported as a value, so that code hashes of callers cover the modules of all detectors.
    from faces.drift import detectors

    return sorted(module.name for module in pkgutil.iter_modules(detectors.__path__))


def detector_class(name: str) -> type[Detector]:
    """Find a detector by its name.

    Args:
        name: One of `detector_names()`.

    Returns:
        The detector's class.

    Raises:
        UserError: If there is no detector of this name.
        TypeError: If its module has no class with this name.
    """
    module = import_module(f"{__name__}.{require_choice('detector', name, detector_names())}")
    for value in vars(module).values():
        if isinstance(value, type) and getattr(value, "name", None) == name:
            detector: type[Detector] = value
            return detector
    raise TypeError(f"{module.__file__} has no class with name = '{name}'")


def fit_detector(
    name: str, images: Images, labels: Labels, groups: Labels | None = None
) -> Detector:
    """Fit a detector chosen by name.

    Args:
        name: One of `detector_names()`.
        images: Training images (m, 64, 64) in [0, 1].
        labels: The label of each, (m,).
        groups: The part of the reference that each belongs to, (m,), "" for none.

    Returns:
        The fitted detector.

    Raises:
        UserError: If there is no detector of this name.
    """
    return detector_class(name).fit(images, labels, groups)
