"""Drift detection on a schedule of the orchestrator.

ZenML cannot put a dynamic pipeline such as drift detection on Vertex AI's schedule. So this small
static pipeline is scheduled; its only step starts the other one and waits for it.
"""

from pydantic import JsonValue
from zenml import pipeline

from steps.monitoring.trigger_run import trigger_run


@pipeline(name="scheduled_drift_detection", enable_cache=False)
def scheduled_drift_detection(settings: dict[str, JsonValue]) -> None:
    """Start a drift detection, and wait for it.

    Args:
        settings: Settings of the drift detection, as JSON.
    """
    trigger_run("drift_detection", settings)
