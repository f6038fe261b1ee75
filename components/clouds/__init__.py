"""Clouds: one module each, found by its object `CLOUD`. Callers use the functions below."""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module

from zenml.client import Client
from zenml.config.schedule import Schedule
from zenml.models import PipelineRunResponse
from zenml.orchestrators import BaseOrchestrator

from components.checks import Check, Component, Packages
from components.clouds.base import Cloud
from components.clouds.cron import cron_expression
from faces.errors import OperationError, UserError


@cache
def all_clouds() -> tuple[Cloud, ...]:
    """Find the clouds: every module of this package that has an object `CLOUD`.

    Returns:
        The clouds in the order of their modules' names, found once per process.
    """
    modules = (import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return tuple(module.CLOUD for module in modules if hasattr(module, "CLOUD"))


def packages() -> dict[str, Packages]:
    """Return what the flavors of all clouds need to be imported, by flavor."""
    return {flavor: needed for c in all_clouds() for flavor, needed in c.packages.items()}


def checks_for(components: Sequence[Component]) -> Iterator[Check]:
    """List every cloud's checks of a stack's components.

    Args:
        components: All components of a stack, with placeholders filled in.

    Yields:
        Checks that have not run yet.
    """
    for cloud in all_clouds():
        yield from cloud.checks_for(components)


def translate_error(error: BaseException) -> OperationError | None:
    """Explain an error of a cloud's API in one line with a remedy.

    Args:
        error: Any exception; its causes are examined, too.

    Returns:
        The error to raise instead, or None if no cloud's API is the cause.
    """
    explanations = (cloud.translate_error(error) for cloud in all_clouds())
    return next((explained for explained in explanations if explained), None)


@contextmanager
def explained_errors() -> Iterator[None]:
    """Run the body, and explain an error of a cloud's API in one line with a remedy.

    Raises:
        OperationError: In place of an error of a cloud's API. Other errors pass unchanged.
    """
    try:
        yield
    except Exception as error:
        if explained := translate_error(error):
            raise explained from error
        raise


def job_error(run: PipelineRunResponse) -> str:
    """Return the message of the cloud job behind a failed run, "" if there is none.

    Args:
        run: A failed run of the active stack's orchestrator.
    """
    orchestrator = Client().active_stack.orchestrator
    cloud = _cloud_of(orchestrator)
    return cloud.job_error(orchestrator, run) if cloud else ""


def schedule_pipeline(start: Callable[[Schedule], object], name: str, seconds: float) -> str:
    """Schedule a pipeline on the active stack's cloud, in place of any schedule of this name.

    Args:
        start: Starts the pipeline with the schedule that it is called with.
        name: The schedule's name.
        seconds: The interval between two runs.

    Returns:
        The cron expression of the schedule, in UTC.

    Raises:
        UserError: If the interval has no cron expression, or the orchestrator has no schedules.
        OperationError: If the cloud refuses.
    """
    cron = cron_expression(seconds)
    end_schedule(name)
    with explained_errors():
        start(Schedule(name=name, cron_expression=cron))
    return cron


def end_schedule(name: str) -> bool:
    """Delete a schedule in the cloud, which ZenML does not do, and in ZenML.

    Args:
        name: The schedule's name.

    Returns:
        Whether there was one in the cloud.

    Raises:
        UserError: If the active stack's orchestrator has no schedules.
        OperationError: If the cloud refuses.
    """
    orchestrator = Client().active_stack.orchestrator
    cloud = _cloud_of(orchestrator)
    if cloud is None:
        known = sorted(flavor for c in all_clouds() for flavor in c.orchestrators)
        raise UserError(
            f"--every: no schedules with the orchestrator flavor '{orchestrator.flavor}': "
            f"choose a stack with {', '.join(known)}, or watch from a terminal with --stack local"
        )
    with explained_errors():
        deleted = cloud.delete_schedules(orchestrator, name)
    for schedule in Client().list_schedules(name=name).items:
        Client().delete_schedule(schedule.id)
    return deleted > 0


def delete_noncurrent(uri: str) -> int:
    """Delete what a versioned bucket keeps of deleted and overwritten objects, for good.

    Args:
        uri: A URI in the bucket, such as gs://bucket/zenml. Folders on this machine keep nothing.

    Returns:
        The number of noncurrent versions that were deleted.
    """
    with explained_errors():
        return sum(cloud.delete_noncurrent(uri) for cloud in all_clouds())


def _cloud_of(orchestrator: BaseOrchestrator) -> Cloud | None:
    return next((c for c in all_clouds() if orchestrator.flavor in c.orchestrators), None)
