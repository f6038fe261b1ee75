"""Overwrite what ZenML's database keeps of deleted records."""

from zenml.config.global_config import GlobalConfiguration

from components.sqlite import overwrite_freed_pages
from store.erasure.deletion import DELETE_ORPHANS


def overwrite_freed_zenml_pages() -> None:
    """Delete metadata of deleted records, and rebuild ZenML's database if it is a local one."""
    overwrite_freed_pages(GlobalConfiguration().store_configuration.url, delete=DELETE_ORPHANS)
