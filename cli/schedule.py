"""Watch for drift where nobody's terminal is open: a schedule of Vertex AI's.

ZenML cannot put a dynamic pipeline such as drift detection on Vertex's schedule. So a small static
one is scheduled, whose only step starts the other and waits for it.
"""

from typing import Any

from zenml import pipeline
from zenml.client import Client
from zenml.config.schedule import Schedule

from cli.runner import run_options
from cli.watch import NEVER, Interval
from components.clouds.gcp import vertex_client_options
from components.clouds.gcp_errors import translate_gcp_error
from components.settings import Settings
from faces import NAME
from faces.errors import UserError
from steps.monitoring.trigger_run import start_run

MINUTES, HOURS = 60, 24


@pipeline(name="scheduled_drift_detection", enable_cache=False)
def scheduled_drift_detection(settings: dict[str, Any]) -> None:
    """Start a drift detection, and wait for it."""
    start_run("drift_detection", settings)


def keep_schedule(settings: Settings, every: Interval | None) -> str:
    """Have drift detection run every so often on the active stack, or never; says what was done.

    There is one schedule on a stack: a new one takes the place of the former. Raises UserError if
    a calendar cannot say it, OperationError if Vertex refuses.
    """
    cron = as_cron(every) if every else None
    name = f"{NAME}-{Client().active_stack_model.name}"
    try:
        ended = _end(name)
        if cron is None:
            return f"schedule '{name}' was ended" if ended else "there was no schedule"
        schedule = Schedule(name=name, cron_expression=cron)
        define = scheduled_drift_detection.with_options(schedule=schedule, **run_options(True))
        define(settings=settings.model_dump(mode="json"))
    except Exception as error:
        if told := translate_gcp_error(error):
            raise told from error
        raise
    return (
        f"schedule '{name}': drift detection every {every} ({cron}, UTC), one at a time; "
        f"--every {NEVER} ends it"
    )


def as_cron(every: Interval) -> str:
    """The same in a calendar's terms. Raises UserError where it has none."""
    if every.faces:
        raise UserError("--every: Vertex's schedule knows the time, not faces: say 10min, 2h, …")
    assert every.seconds is not None
    minutes, rest = divmod(int(every.seconds), 60)
    hours, left = divmod(minutes, 60)
    if rest == 0 and 0 < minutes < MINUTES and MINUTES % minutes == 0:
        return f"*/{minutes} * * * *"
    if rest == 0 and left == 0 and 0 < hours < HOURS and HOURS % hours == 0:
        return f"0 */{hours} * * *"
    if rest == 0 and left == 0 and hours == HOURS:
        return "0 0 * * *"
    raise UserError("--every: Vertex's schedule wants a part of an hour or a day: 10min, 2h, 24h")


def _end(name: str) -> bool:
    """Delete the schedule at Vertex, which ZenML does not do, and in ZenML."""
    from google.cloud import aiplatform
    from zenml.integrations.gcp.orchestrators import VertexOrchestrator

    orchestrator = Client().active_stack.orchestrator
    if not isinstance(orchestrator, VertexOrchestrator):
        raise UserError(f"--every: no schedules with {orchestrator.flavor}: use Vertex, or local")
    there = vertex_client_options(orchestrator)
    found = [s for s in aiplatform.PipelineJobSchedule.list(**there) if s.display_name == name]
    for schedule in found:
        schedule.delete()
    for kept in Client().list_schedules(name=name).items:
        Client().delete_schedule(kept.id)
    return bool(found)
