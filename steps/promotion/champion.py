"""Keep the tracker's registry in step with ZenML: which version is the champion."""

from components.tracking.base import active_tracker
from store.production import REGISTRY_VERSION, mark_champion, pending_champion


def sync_champion() -> None:
    """Mark the version in production in the tracker's registry, also after a killed run."""
    version = pending_champion()
    if version is None:
        return
    registry_version = version.run_metadata.get(REGISTRY_VERSION)
    if registry_version is not None:
        active_tracker().set_champion(str(registry_version))
    mark_champion(version)
