"""Restore the previous version on the endpoint and in production."""

from typing import Annotated

from pydantic import Field
from zenml import pipeline

from components.settings import CommandLine, Settings
from pipelines.deployment import summarize
from pipelines.shared.settings import VerificationImages
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_rollback
from steps.deployment.select_version import select_previous_version
from steps.deployment.verify_endpoint import verify_endpoint

__all__ = ["SETTINGS", "RollbackSettings", "rollback", "summarize"]


class RollbackSettings(Settings):
    """Settings of the rollback pipeline."""

    reason: Annotated[str, CommandLine(metavar="TEXT")] = Field(
        default="manual rollback", min_length=1, description="the reason, which is recorded"
    )
    verification_images: VerificationImages = 8


SETTINGS = RollbackSettings


@pipeline(name="rollback", enable_cache=False)
def rollback(settings: RollbackSettings) -> None:
    """Restore the previous version on the endpoint and in production.

    1. Select the version that was live before.
    2. Deploy it without a failed request.
    3. Compare the endpoint with the trained model; if they differ, nothing changes.
    4. Move production to it, and record who did it, when and why.

    Args:
        settings: The reason, and the number of faces for the comparison.
    """
    version = select_previous_version()
    rollout = deploy_model(version, None)
    difference = verify_endpoint(rollout, settings.verification_images)
    record_rollback(rollout, difference, settings.reason)
