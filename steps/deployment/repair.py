"""Find a deployment that a killed run left unfinished: production and the endpoint disagree."""

from collections.abc import Sequence

from zenml.client import Client
from zenml.enums import ExecutionStatus

from components.deployers.base import FaceDeployer
from store.deployments import deployments
from store.records import Deployment
from store.versions import production_version

DEPLOYING_PIPELINES = ("drift_detection", "forget")
"""Pipelines that deploy what they promote."""

ENDED = (ExecutionStatus.FAILED, ExecutionStatus.STOPPED)


def find_unfinished_deployment(deployer: FaceDeployer) -> tuple[int, str] | None:
    """Find the version that should be live according to the records, if it is not.

    A version that a training promoted is not deployed by this: it waits for the pipeline
    deployment.

    Args:
        deployer: The active stack's deployer.

    Returns:
        The version in production, and why it has to be deployed; None if nothing is unfinished.
    """
    served, production = deployer.served_version(), production_version()
    if served is None or production is None or int(served) == production.number:
        return None
    portable = production.get_artifact("portable")
    run_id = portable.producer_pipeline_run_id if portable else None
    promoted_by = None
    if run_id is not None:
        run = Client().get_pipeline_run(run_id)
        if run.pipeline and run.status in ENDED:
            promoted_by = run.pipeline.name
    reason = why_unfinished(int(served), production.number, deployments(), promoted_by)
    return (production.number, reason) if reason else None


def why_unfinished(
    served: int, production: int, records: Sequence[Deployment], failed_run_of: str | None
) -> str | None:
    """Return why the version in production has to be deployed.

    Args:
        served: The version that the endpoint serves.
        production: The version in production, which is another one.
        records: Deployments and rollbacks, oldest first.
        failed_run_of: The pipeline whose run trained the version, if that run failed or was killed.

    Returns:
        The reason in one line; None if the version was trained and not deployed on purpose.
    """
    if records and records[-1].version == production:
        return (
            f"version {served} was live without a record, instead of version {production}: a "
            "deployment or rollback had been interrupted"
        )
    was_deployed = any(record.version == production for record in records)
    if failed_run_of in DEPLOYING_PIPELINES and not was_deployed:
        return f"the run that promoted version {production} had ended before it was deployed"
    return None
