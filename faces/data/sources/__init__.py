"""Registry of data sources: a module of this package that defines `SOURCE` adds one.

Anything else that is given as a source is the path or the URI of a folder of images.
"""

import pkgutil
from importlib import import_module

from faces.data.sources.base import DataSource

AUTO = "auto"
AUTO_ORDER = ("olivetti", "synthetic")
"""`auto` is the first of these that is available."""

FOLDER = "folder"
FOLDER_CREDIT = "your own folder"


def data_sources() -> dict[str, DataSource]:
    """Return every named source by its name."""
    modules = (
        import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    )
    named = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.name: source for source in sorted(named, key=lambda source: str(source.name))}


def source_names() -> list[str]:
    """Return what `--data` accepts besides folders: 'auto' and the named sources."""
    return [AUTO, *data_sources()]


def credit(name: str) -> str:
    """Return the credit line of a source.

    Args:
        name: Name of the source, as in `Faces.source`.

    Returns:
        Where the images come from, in one phrase.
    """
    source = data_sources().get(name)
    return source.credit if source else FOLDER_CREDIT


def is_synthetic(name: str) -> bool:
    """Return whether the people of a source are synthetic.

    Args:
        name: Name of the source, as in `Faces.source`.

    Returns:
        False for a folder.
    """
    source = data_sources().get(name)
    return source is not None and source.is_synthetic
