"""Runs on this machine that were killed: nobody told ZenML, so the next run does."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import ExecutionStatus, StackComponentType
from zenml.models import StackResponse
from zenml.orchestrators.publish_utils import (
    publish_failed_step_run,
    publish_pipeline_run_status_update,
)

from faces.errors import UserError
from pipelines.schemas import PIPELINES

ORCHESTRATOR = StackComponentType.ORCHESTRATOR
SINGLE_INSTANCE = ("drift_detection",)
UNFINISHED = (ExecutionStatus.INITIALIZING, ExecutionStatus.PROVISIONING, ExecutionStatus.RUNNING)


@contextmanager
def run_lock(stack: StackResponse) -> Iterator[None]:
    """Hold a lock while a run works, which the system lets go of however the process ends.

    Whoever finds that nobody holds it knows that unfinished local runs on `stack` are dead.
    """
    place = Path(GlobalConfiguration().config_directory) / "faces-runs.lock"
    with place.open("w") as file:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fail_interrupted_runs(stack)
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def single_instance(pipeline: str) -> Iterator[None]:
    """Hold a pipeline's lock, if it is one of which only one may work at a time.

    Raises UserError if another is at work: this one leaves.
    """
    if pipeline not in SINGLE_INSTANCE:
        yield
        return
    place = Path(GlobalConfiguration().config_directory) / f"faces-{pipeline}.lock"
    with place.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another {pipeline} is at work: nothing was done here") from None
        yield


def fail_interrupted_runs(stack: StackResponse) -> None:
    """Mark this project's unfinished runs on `stack` as failed, where only this machine runs them.

    That is with ZenML's local orchestrator and local database: on a shared server an unfinished run
    may be at work on another machine.
    """
    local = all(part.flavor_name == "local" for part in stack.components[ORCHESTRATOR])
    if not (local and GlobalConfiguration().uses_local_store):
        return
    for pipeline, status in product(PIPELINES, UNFINISHED):
        runs = Client().list_pipeline_runs(
            stack_id=stack.id, pipeline_name=pipeline, status=status.value
        )
        for run in runs.items:
            for step in run.steps.values():
                if step.status in UNFINISHED:
                    publish_failed_step_run(step.id)
            publish_pipeline_run_status_update(run.id, ExecutionStatus.FAILED, "it was killed")
