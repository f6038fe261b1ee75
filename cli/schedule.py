"""Schedule drift detection in the cloud, so that it runs without an open terminal."""

from functools import partial

from pydantic import JsonValue
from zenml.client import Client
from zenml.config.schedule import Schedule

from cli.interval import Interval
from cli.runner import run_options
from components import clouds
from components.settings import Settings
from faces import NAME
from faces.errors import UserError
from pipelines.shared.scheduled_drift_detection import scheduled_drift_detection


def update_schedule(settings: Settings, interval: Interval | None) -> str:
    """Schedule drift detection on the active stack, or delete its schedule.

    A stack has one schedule: a new one replaces the previous one.

    Args:
        settings: Settings of the drift detection pipeline.
        interval: The interval between two runs; None deletes the schedule.

    Returns:
        What was done, in one line.

    Raises:
        UserError: If the interval or the stack cannot be scheduled.
        OperationError: If the cloud refuses.
    """
    name = f"{NAME}-{Client().active_stack_model.name}"
    if interval is None:
        deleted = clouds.end_schedule(name)
        return f"schedule '{name}' was deleted" if deleted else "there was no schedule"
    if interval.seconds is None:
        raise UserError("--every: a schedule counts time, not faces: use 10min, 2h or 24h")
    start = partial(_start, settings.model_dump(mode="json"))
    cron = clouds.schedule_pipeline(start, name, interval.seconds)
    return (
        f"schedule '{name}': drift detection every {interval} ({cron}, UTC), one run at a time; "
        "--every never deletes it"
    )


def _start(settings: dict[str, JsonValue], schedule: Schedule) -> None:
    options = run_options(cached=True)
    scheduled_drift_detection.with_options(schedule=schedule, **options)(settings=settings)
