"""Locks of runs on this machine; runs that were killed are marked as failed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, ReadWriteLock, Timeout
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import ExecutionStatus, StackComponentType
from zenml.models import PipelineRunResponse, StackResponse
from zenml.orchestrators.publish_utils import (
    publish_failed_step_run,
    publish_pipeline_run_status_update,
)

from faces.errors import UserError
from pipelines.shared.registry import pipeline_names

UNFINISHED = (
    ExecutionStatus.INITIALIZING,
    ExecutionStatus.PROVISIONING,
    ExecutionStatus.RUNNING,
    ExecutionStatus.RESUMING,
)


@contextmanager
def run_lock(stack: StackResponse, alone: bool = False) -> Iterator[None]:
    """Hold a shared lock during a run. The system releases it even if the process is killed.

    If no process holds the lock, unfinished local runs on the stack were killed.

    Args:
        stack: The stack that the run is on.
        alone: Whether no other run may be active on this machine.

    Raises:
        UserError: If another run is active, and this one must be alone.
    """
    lock = ReadWriteLock(_folder() / "faces-runs.lock")
    held = _try_write_lock(lock)
    if held:
        with held:
            fail_interrupted_runs(stack)
            if alone:
                yield
                return
    elif alone:  # Otherwise it does not matter that other runs may still be running.
        raise UserError(
            "another run is active on this machine: run this again when it has finished"
        )
    with lock.read_lock():
        yield


def _try_write_lock(lock: ReadWriteLock) -> ExitStack | None:
    """Acquire the lock exclusively, unless another process holds it."""
    held = ExitStack()
    try:
        held.enter_context(lock.write_lock(timeout=0))
    except Timeout:
        return None
    return held


@contextmanager
def single_instance(pipeline: str, exclusive: bool) -> Iterator[None]:
    """Hold a pipeline's lock, if it may run only once at a time.

    Args:
        pipeline: The pipeline.
        exclusive: Whether it may run only once at a time.

    Raises:
        UserError: If it is running already.
    """
    if not exclusive:
        yield
        return
    lock = FileLock(_folder() / f"faces-{pipeline}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"{pipeline} is already running: nothing was done") from None
    try:
        yield
    finally:
        lock.release()


def fail_interrupted_runs(stack: StackResponse) -> None:
    """Mark this project's unfinished runs on a stack as failed, if only this machine runs them.

    That is the case with ZenML's local orchestrator and local database. On a shared server, an
    unfinished run may be running on another machine.

    Args:
        stack: The stack; the caller holds its lock, so that no run can be active.
    """
    orchestrators = stack.components[StackComponentType.ORCHESTRATOR]
    local = all(component.flavor_name == "local" for component in orchestrators)
    if not (local and GlobalConfiguration().uses_local_store):
        return
    for run in unfinished_runs(stack):
        for step in run.steps.values():
            if step.status in UNFINISHED:
                publish_failed_step_run(step.id)
        publish_pipeline_run_status_update(run.id, ExecutionStatus.FAILED, "it was killed")


def unfinished_runs(stack: StackResponse) -> list[PipelineRunResponse]:
    """Return this project's runs on a stack that ZenML's records show as unfinished.

    Args:
        stack: The stack.
    """
    unfinished = json.dumps([status.value for status in UNFINISHED])
    runs = Client().list_pipeline_runs(stack_id=stack.id, status=f"oneof:{unfinished}", size=1000)
    return [run for run in runs.items if run.pipeline and run.pipeline.name in pipeline_names()]


def _folder() -> Path:
    return Path(GlobalConfiguration().config_directory)
