"""Traffic: faces that the model never saw are sent to the endpoint, as production would."""

from typing import Any

from zenml import pipeline
from zenml.models import PipelineRunResponse

from steps.monitoring.send_traffic import send_traffic


@pipeline(name="traffic", enable_cache=False)
def traffic(settings: dict[str, Any]) -> None:
    """Send faces of a condition to the active stack's endpoint, and tell it who they were."""
    send_traffic(**settings)


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What a person and a script want to know of it."""
    sent: dict[str, Any] = run.steps["send_traffic"].outputs["traffic"][0].load()
    about = {"name": run.name, "status": run.status.value, "id": str(run.id)}
    return {"traffic": sent, "run": about}
