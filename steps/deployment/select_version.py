"""Select the version that the following steps use."""

from typing import Annotated

from zenml import step

from components.deployers.base import NOTHING_DEPLOYED, active_deployer
from faces.errors import UserError
from steps.deployment.repair import find_unfinished_deployment
from store.deployments import previously_live
from store.production import require_production
from store.run_metadata import describe_run
from store.versions import find_version, require_version

REPAIRED = "repaired"
"""Name of the entry that says why this run finishes what a killed one began."""


@step(enable_cache=False)
def select_production_version() -> Annotated[int, "version"]:
    """Return the version in production.

    Raises:
        UserError: If there is none.
    """
    number = require_production().number
    _unfinished_deployment()
    return number


@step(enable_cache=False)
def select_live_version() -> Annotated[int, "live_version"]:
    """Return the version that the endpoint serves.

    The other steps of a run take it from here, so that all of them use the same version.

    Raises:
        UserError: If nothing is deployed, or if that version was deleted.
    """
    return require_version(int(active_deployer().endpoint().version)).number


@step(enable_cache=False)
def select_previous_version() -> Annotated[int, "version"]:
    """Return the version that was live before the present one.

    If a rollback or deployment was interrupted, the present one is that of the latest record.

    Raises:
        UserError: If there is none, or if it was deleted.
    """
    live = active_deployer().served_version()
    if live is None:
        raise UserError(NOTHING_DEPLOYED)
    previous = previously_live(_unfinished_deployment() or int(live))
    if previous is None:
        raise UserError(
            f"there is no version to roll back to: version {live} was the first to be deployed; "
            "train one that the gate promotes, then python run.py --pipeline deployment"
        )
    if find_version(previous) is None:
        raise UserError(f"the previous version, {previous}, was deleted")
    return previous


def _unfinished_deployment() -> int | None:
    """Return the version that should be live if a killed run left another one, and record why."""
    unfinished = find_unfinished_deployment(active_deployer())
    if unfinished is None:
        return None
    version, reason = unfinished
    describe_run(REPAIRED, {"reason": reason})
    return version
