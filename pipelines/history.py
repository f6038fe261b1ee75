"""History: everything that happened on a stack, on one page."""

from typing import Any

from zenml import pipeline
from zenml.models import PipelineRunResponse

from steps.monitoring.draw_timeline import draw_history


@pipeline(name="history", enable_cache=False)
def history(settings: dict[str, Any]) -> None:
    """Draw p-values, accuracy and versions over time, with decisions, reasons and faces."""
    draw_history()


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What a person and a script want to know of it; `html` is the page."""
    made = run.steps["draw_history"].outputs["history"][0]
    about = {"name": run.name, "status": run.status.value, "id": str(run.id)}
    return {"artifact": made.uri, "html": made.load()["page.html"], "run": about}
