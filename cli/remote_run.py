"""Poll a remote run: print one line per finished step, and the error of a failed one."""

import time
from uuid import UUID

from rich.console import Console
from rich.status import Status
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.models import PipelineRunResponse, StepRunResponse
from zenml.orchestrators import BaseOrchestrator
from zenml.utils.run_utils import refresh_run_status

from cli.progress import step_title
from components import clouds
from faces.errors import OperationError

POLL_SECONDS, STATUS_POLL_SECONDS = 2.0, 15.0
"""Seconds between two requests for the steps, and between two queries of the orchestrator."""

MAX_FAILED_QUERIES = 8
"""The number of failed queries in a row after which waiting ends: two minutes."""


def follow_run(run: PipelineRunResponse, console: Console, status: Status) -> PipelineRunResponse:
    """Wait for a run to end, and print its steps as they finish.

    Args:
        run: The submitted run.
        console: Where finished steps are printed.
        status: The spinner, which shows the running steps.

    Returns:
        The run as it ended, or paused if it waits for an approval.

    Raises:
        OperationError: If it fails, with the failed step's error and the place of its log; or if
            waiting is interrupted, which leaves the run running.
    """
    console.print(f"  [dim]see {_address(run)}[/]", soft_wrap=True)
    try:
        run = _wait(run, console, status)
    except KeyboardInterrupt:
        raise OperationError(f"stopped waiting; the run continues: see {_address(run)}") from None
    if not (run.status.is_successful or run.status == ExecutionStatus.PAUSED):
        raise OperationError(why_failed(run))
    return run


def refresh_ended_run(run: PipelineRunResponse, orchestrator: BaseOrchestrator) -> None:
    """Record the end of a run whose job has ended without reporting it.

    Args:
        run: An unfinished run.
        orchestrator: The orchestrator that it runs on.
    """
    if Job(orchestrator).is_finished(run):
        refresh_run_status(run)


def _wait(run: PipelineRunResponse, console: Console, status: Status) -> PipelineRunResponse:
    printed: set[UUID] = set()
    last_query, job = time.monotonic(), Job(Client().active_stack.orchestrator)
    while True:
        run = Client().get_pipeline_run(run.id)
        steps = sorted(run.steps.values(), key=lambda step: step.created)
        for step in steps:
            if step.id not in printed and step.status.is_successful:
                console.print(f"  [green]✓[/] {step_title(step.name)} [dim]{_duration(step)}[/]")
                printed.add(step.id)
        if run.status.is_finished or run.status == ExecutionStatus.PAUSED:
            return run
        if time.monotonic() - last_query > STATUS_POLL_SECONDS:
            last_query = time.monotonic()
            # Only the orchestrator knows about a job that ends before its step can report it.
            # Nothing else is taken from it: steps look for the run as it was submitted.
            if job.is_finished(run):
                refresh_run_status(run)
                continue
        running = [step_title(s.name) for s in steps if s.status == ExecutionStatus.RUNNING]
        status.update(f"{', '.join(running) or 'waiting for a machine'} …")
        time.sleep(POLL_SECONDS)


class Job:
    """A run's job, as the orchestrator knows it."""

    def __init__(self, orchestrator: BaseOrchestrator) -> None:
        """Use an orchestrator; no query has failed yet."""
        self._orchestrator, self._failed = orchestrator, 0

    def is_finished(self, run: PipelineRunResponse) -> bool:
        """Return whether the job has ended; False if the cloud does not tell this time.

        Args:
            run: The run that the job belongs to.

        Raises:
            Exception: What the orchestrator raised, if it is no error of a cloud, or the last of
                several in a row.
        """
        try:
            state = self._orchestrator.fetch_status(run)[0]
        except Exception as error:
            self._failed += 1
            if clouds.translate_error(error) is None or self._failed >= MAX_FAILED_QUERIES:
                raise
            return False
        self._failed = 0
        return bool(state and state.is_finished)


def why_failed(run: PipelineRunResponse) -> str:
    """Return the error of a failed run's failed step, or else where to look.

    Args:
        run: A run that failed, with its steps.
    """
    failed = [step for step in run.steps.values() if step.status == ExecutionStatus.FAILED]
    for step in failed:
        if step.exception_info is not None:
            last_line = step.exception_info.traceback.strip().splitlines()[-1]
            message = step.exception_info.message or last_line
            return f"{step_title(step.name)}: {' '.join(message.split())}{_log(step)}"
    what = (
        f"{step_title(failed[0].name)} failed" if failed else "the run ended before a step started"
    )
    message = clouds.job_error(run) or "no error was reported"
    return f"{what}: {message}: see {_address(run)}"


def _address(run: PipelineRunResponse) -> str:
    return str(run.run_metadata.get("orchestrator_url", "the orchestrator's own page"))


def _log(step: StepRunResponse) -> str:
    logs = [log.uri for log in step.log_collection or [] if log.uri]
    return f" (its log: {logs[0]})" if logs else ""


def _duration(step: StepRunResponse) -> str:
    if step.status == ExecutionStatus.CACHED:
        return "cached"
    if step.start_time is None or step.end_time is None:
        return ""
    return f"{(step.end_time - step.start_time).total_seconds():.0f}s"
