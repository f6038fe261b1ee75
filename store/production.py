"""Which version is in production: set in ZenML, then in the tracker's registry if it has one."""

from typing import Any

from zenml import log_metadata
from zenml.models import ModelVersionResponse

from components.deployers.base import active_deployer
from components.tracking.base import active_tracker
from faces.errors import UserError
from store.versions import find_version, production_version, set_production_stage

ALIAS, PENDING, CHAMPION = "registry_alias", "pending", "champion"
"""In MLflow's registry the version in production has the alias 'champion'."""

REGISTRY_VERSION = "registry_version"
"""A version's number in the tracker's registry, if the tracker has one."""

ROLLED_BACK = "rolled_back"
"""Why a version was taken out of production by hand. Such a version does not come back."""


def set_production(version: ModelVersionResponse, instead_of: ModelVersionResponse | None) -> bool:
    """Put a version into production; False if production is not `instead_of` any more."""
    log_metadata(metadata={ALIAS: PENDING}, model_version_id=version.id)
    return set_production_stage(version, instead_of=instead_of)


def sync_registry_alias() -> None:
    """Let the tracker's registry name the same version as ZenML; also after a run was killed."""
    production = production_version()
    if production is None or production.run_metadata.get(ALIAS) != PENDING:
        return
    registry_version = production.run_metadata.get(REGISTRY_VERSION)
    if registry_version is None:
        return
    active_tracker().set_champion(str(registry_version))
    log_metadata(metadata={ALIAS: CHAMPION}, model_version_id=production.id)


def live_settings() -> dict[str, Any]:
    """The settings that the live version was trained with."""
    settings: dict[str, Any] = require_live().run_metadata["settings"]  # type: ignore[assignment]
    return settings


def require_live() -> ModelVersionResponse:
    """The version that is live. Raises UserError if nothing is, or if it was deleted."""
    version = find_version(int(active_deployer().endpoint().version))
    if version is None:
        raise UserError("the version that is live was deleted: train and deploy another")
    return version


def require_production() -> ModelVersionResponse:
    """The version in production. Raises UserError if there is none."""
    version = production_version()
    if version is None:
        raise UserError("no model is in production: python run.py --pipeline training")
    return version
