"""Schedule drift detection in the cloud, so that it runs without an open terminal.

Clouds cannot schedule a dynamic pipeline such as drift detection through ZenML. So a small static
pipeline is scheduled, whose only step starts the other and waits for it.
"""

from functools import partial
from typing import Any

from zenml import pipeline
from zenml.client import Client
from zenml.config.schedule import Schedule

from cli.runner import run_options
from cli.watch import NEVER, Interval
from components import clouds
from components.settings import Settings
from faces import NAME
from faces.errors import UserError
from steps.monitoring.trigger_run import start_run


@pipeline(name="scheduled_drift_detection", enable_cache=False)
def scheduled_drift_detection(settings: dict[str, Any]) -> None:
    """Start a drift detection, and wait for it."""
    start_run("drift_detection", settings)


def keep_schedule(settings: Settings, every: Interval | None) -> str:
    """Schedule drift detection on the active stack, or end its schedule.

    A stack has one schedule: a new one replaces the previous one.

    Args:
        settings: Settings of the drift detection pipeline.
        every: The interval between two runs; None ends the schedule.

    Returns:
        What was done, in one line.

    Raises:
        UserError: If the interval or the stack cannot be scheduled.
        OperationError: If the cloud refuses.
    """
    name = f"{NAME}-{Client().active_stack_model.name}"
    if every is None:
        ended = clouds.end_schedule(name)
        return f"schedule '{name}' was ended" if ended else "there was no schedule"
    if every.seconds is None:
        raise UserError("--every: a schedule counts time, not faces: use 10min, 2h or 24h")
    start = partial(_start, settings.model_dump(mode="json"))
    cron = clouds.schedule_pipeline(start, name, every.seconds)
    return (
        f"schedule '{name}': drift detection every {every} ({cron}, UTC), one run at a time; "
        f"--every {NEVER} ends it"
    )


def _start(settings: dict[str, Any], schedule: Schedule) -> None:
    options = run_options(cached=True)
    scheduled_drift_detection.with_options(schedule=schedule, **options)(settings=settings)
