"""Record that a version is live; after a rollback it is in production, too."""

from dataclasses import asdict
from typing import Annotated

from zenml import step

from faces.errors import OperationError
from steps.promotion.champion import sync_champion
from store import deployments
from store.deployments import DEPLOYMENT, ROLLBACK
from store.materializers import RECORD
from store.production import mark_rolled_back, set_production
from store.records import Deployment, Rollout
from store.run_metadata import describe_run
from store.users import user_name
from store.versions import production_version, require_version


@step(enable_cache=False, output_materializers={DEPLOYMENT: RECORD})
def record_deployment(
    rollout: Rollout, largest_difference: float
) -> Annotated[Deployment, DEPLOYMENT]:
    """Record who deployed which version, when, and which version it replaced.

    Args:
        rollout: The deployment.
        largest_difference: Largest absolute difference between a probability from the endpoint and
            from the trained model.

    Returns:
        The record, which is also in ZenML.
    """
    return _record(DEPLOYMENT, rollout, "it is the version in production", largest_difference)


@step(enable_cache=False, output_materializers={DEPLOYMENT: RECORD})
def record_rollback(
    rollout: Rollout, largest_difference: float, reason: str
) -> Annotated[Deployment, DEPLOYMENT]:
    """Move production to the version that is live again, and record who, when and why.

    Args:
        rollout: The deployment of the earlier version.
        largest_difference: Largest absolute difference between a probability from the endpoint and
            from the trained model.
        reason: Why it was rolled back, in one line.

    Returns:
        The record, which is also in ZenML.

    Raises:
        UserError: If the version that is live was deleted.
        OperationError: If another run changes production at the same time.
    """
    version, replaced = require_version(rollout.version), production_version()
    if replaced is None or replaced.id != version.id:
        if not set_production(version, instead_of=replaced):
            raise OperationError("another run changed production: check it, and roll back again")
        if replaced is not None:
            mark_rolled_back(replaced, reason)
    sync_champion()
    return _record(ROLLBACK, rollout, reason, largest_difference)


def _record(kind: str, rollout: Rollout, reason: str, largest_difference: float) -> Deployment:
    deployment = Deployment(
        url=rollout.url,
        version=rollout.version,
        kind=kind,
        reason=reason,
        who=user_name(),
        when=deployments.now(),
        largest_difference=largest_difference,
        replaced=rollout.replaced,
        note=rollout.note,
    )
    deployments.record_deployment(deployment)
    describe_run(kind, asdict(deployment))
    return deployment
