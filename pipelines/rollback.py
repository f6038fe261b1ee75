"""Rollback: the version that was live before is live again, and in production."""

from typing import Any

from zenml import pipeline

from pipelines.deployment import summarize
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_rollback
from steps.deployment.select_version import choose_former
from steps.deployment.verify_endpoint import verify_endpoint

__all__ = ["rollback", "summarize"]


@pipeline(name="rollback", enable_cache=False)
def rollback(settings: dict[str, Any]) -> None:
    """Go back to the version before, on the endpoint and in production.

    1. Choose the version that was live before.
    2. Put it live, without failing a request.
    3. Compare the endpoint's answers with the model's own; if they differ, all stays as it was.
    4. Move production to it, and write down who did it, when and why.
    """
    version = choose_former()
    live = deploy_model(version, None)
    difference = verify_endpoint(live, settings["verification_images"])
    record_rollback(live, difference, settings["reason"])
