"""Choose the version to put live."""

from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from faces.errors import UserError
from store.deployments import previously_live
from store.production import require_production
from store.versions import find_version


@step(enable_cache=False)
def choose_production() -> Annotated[int, "version"]:
    """The version in production. Raises UserError if there is none."""
    return require_production().number


@step(enable_cache=False)
def choose_former() -> Annotated[int, "version"]:
    """The version that was live before the one that is. Raises UserError if there is none."""
    former = previously_live(active_deployer().served_version())
    if former is None:
        raise UserError("there is no version before the one that is live to go back to")
    if find_version(former) is None:
        raise UserError(f"version {former}, which was live before, was deleted")
    return former
