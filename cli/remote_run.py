"""Follow a run whose steps work elsewhere: a line a step, and the failed step's own words."""

import time
from uuid import UUID

from rich.console import Console
from rich.status import Status
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.models import PipelineRunResponse, StepRunResponse
from zenml.utils.run_utils import refresh_run_status

from cli.progress import step_title
from components import clouds
from faces.errors import OperationError

POLL_SECONDS, STATUS_POLL_SECONDS = 2.0, 15.0
"""Seconds between two looks at the steps, and between two questions to the orchestrator."""


def follow_run(run: PipelineRunResponse, console: Console, status: Status) -> PipelineRunResponse:
    """Wait for a run to end, and tell its steps as they do. Gives the run as it ended.

    Raises OperationError with what the failed step said and where its log is. Whoever stops waiting
    stops nothing else: the run goes on.
    """
    console.print(f"  [dim]see {_where(run)}[/]", soft_wrap=True)
    try:
        run = _wait(run, console, status)
    except KeyboardInterrupt:
        raise OperationError(f"not followed any more; the run goes on: see {_where(run)}") from None
    if not run.status.is_successful:
        raise OperationError(why_failed(run))
    return run


def _wait(run: PipelineRunResponse, console: Console, status: Status) -> PipelineRunResponse:
    told: set[UUID] = set()
    asked, orchestrator = time.monotonic(), Client().active_stack.orchestrator
    while True:
        run = Client().get_pipeline_run(run.id)
        steps = sorted(run.steps.values(), key=lambda step: step.created)
        for step in steps:
            if step.id not in told and step.status.is_successful:
                console.print(f"  [green]✓[/] {step_title(step.name)} [dim]{_took(step)}[/]")
                told.add(step.id)
        if run.status.is_finished:
            return run
        if time.monotonic() - asked > STATUS_POLL_SECONDS:
            asked = time.monotonic()
            # Only the orchestrator knows of a job that ends before its step can say so. Nothing
            # else is taken from it: steps do not find a run that is not as it was submitted.
            if (ended := orchestrator.fetch_status(run)[0]) and ended.is_finished:
                refresh_run_status(run)
                continue
        working = [step_title(s.name) for s in steps if s.status == ExecutionStatus.RUNNING]
        status.update(f"{', '.join(working) or 'waiting for a machine'} …")
        time.sleep(POLL_SECONDS)


def why_failed(run: PipelineRunResponse) -> str:
    """What a failed run's failed step said, or else where to look."""
    failed = [step for step in run.steps.values() if step.status == ExecutionStatus.FAILED]
    for step in failed:
        if step.exception_info is not None:
            last = step.exception_info.traceback.strip().splitlines()[-1]
            said = step.exception_info.message or last
            return f"{step_title(step.name)}: {' '.join(said.split())}{_log(step)}"
    what = f"{step_title(failed[0].name)} failed" if failed else "it ended before a step could work"
    said = clouds.job_error(run) or "it said nothing"
    return f"{what}: {said}: see {_where(run)}"


def _where(run: PipelineRunResponse) -> str:
    return str(run.run_metadata.get("orchestrator_url", "the orchestrator's own page"))


def _log(step: StepRunResponse) -> str:
    found = [log.uri for log in step.log_collection or [] if log.uri]
    return f" (its log: {found[0]})" if found else ""


def _took(step: StepRunResponse) -> str:
    if step.status == ExecutionStatus.CACHED:
        return "cached"
    if step.start_time is None or step.end_time is None:
        return ""
    return f"{(step.end_time - step.start_time).total_seconds():.0f}s"
