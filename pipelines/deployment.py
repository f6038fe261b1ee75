"""Deployment: the version in production goes live, and is compared with the model itself."""

from typing import Any

from zenml import pipeline
from zenml.models import PipelineRunResponse

from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_deployment
from steps.deployment.select_version import choose_production
from steps.deployment.verify_endpoint import verify_endpoint


@pipeline(name="deployment", enable_cache=False)
def deployment(settings: dict[str, Any]) -> None:
    """Serve the version in production on the active stack's endpoint.

    1. Choose the version in production.
    2. Put it live, without failing a request.
    3. Compare the endpoint's answers with the model's own; if they differ, put the former one back.
    4. Write down who did it, when, in place of what.
    """
    endpoint = {"endpoint": settings["endpoint"], "capture": settings["capture"]}
    version = choose_production()
    live = deploy_model(version, endpoint)
    difference = verify_endpoint(live, settings["verification_images"])
    record_deployment(live, difference)


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What a person and a script want to know of a deployment or a rollback."""
    record = run.steps[next(name for name in run.steps if name.startswith("record_"))]
    made: dict[str, Any] = record.outputs["deployment"][0].load()
    told = ("kind", "reason", "who", "when", "largest_difference", "note")
    return {
        "endpoint": {"url": made["url"], "model_version": made["version"]},
        "replaced": made["replaced"],
        "status": "live",
        **{name: made[name] for name in told},
        "run": {"name": run.name, "status": run.status.value, "id": str(run.id)},
    }
