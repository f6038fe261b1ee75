"""Resume runs that waited for an approval, and end those that were not answered in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.models import PipelineRunResponse, PipelineRunUpdate
from zenml.orchestrators import BaseOrchestrator
from zenml.orchestrators.publish_utils import publish_pipeline_run_metadata

from cli.remote_run import follow_run, refresh_ended_run
from faces.errors import UserError
from steps.monitoring.send_alert import post
from steps.promotion.promote_approved import promote
from store.approvals import Approval, approvals, expire_approvals, record_outcome

RESUMED = (ExecutionStatus.RESUMING, ExecutionStatus.RUNNING)


def finish_answered_runs(console: Console, status: Status) -> None:
    """Resume runs that were approved but not resumed; end those that were not answered in time.

    A run is approved without being resumed if ZenML's command or dashboard was used, or if the
    process that approved it was killed. If the resumed run was killed, its version is promoted now,
    and the drift detection that follows deploys it.

    Args:
        console: Where it is reported.
        status: The spinner.
    """
    for approval in expire_approvals():
        text = f"version {approval.version} was not approved in time; production stays as it is"
        post(f"{text} ({approval.run}).")
        console.print(f"  [yellow]{text}[/] [dim]({approval.run})[/]")
    orchestrator = Client().active_stack.orchestrator
    for approval in approvals():
        if approval.run_status in RESUMED and not orchestrator.config.is_local:
            refresh_ended_run(Client().get_pipeline_run(approval.run_id), orchestrator)
    for approval in approvals():
        if approval.can_resume:
            console.print(f"  resuming {approval.run}, approved by {approval.who}")
            resume_run(approval, console, status)
        elif approval.was_interrupted:
            outcome = finish_promotion(approval)
            console.print(f"  {outcome} [dim]({approval.run})[/]")


def finish_promotion(approval: Approval) -> str:
    """Promote the version of an approved run that had ended before it completed.

    Args:
        approval: The approval of the run.

    Returns:
        What became of it, in one line, which is recorded.
    """
    try:
        refusal = promote(approval)
    except UserError as error:  # the version was deleted
        refusal = str(error)
    outcome = f"version {approval.version}, approved by {approval.who}, is "
    outcome += f"not promoted: {refusal}" if refusal else "promoted: its run had been interrupted"
    record_outcome(approval, outcome)
    return outcome


def resume_run(approval: Approval, console: Console, status: Status) -> PipelineRunResponse:
    """Resume an approved run, and wait for its end.

    Args:
        approval: The approval of a paused run on the active stack.
        console: Where finished steps are printed.
        status: The spinner.

    Returns:
        The run as it ended.
    """
    client, stack = Client(), Client().active_stack
    run = client.get_pipeline_run(approval.run_id)
    snapshot = run.snapshot
    assert snapshot is not None, "every run of a dynamic pipeline has a snapshot"
    _set_status(run, ExecutionStatus.RESUMING)
    try:
        with _recorded_job(stack.orchestrator, run):
            stack.orchestrator.resume_run(snapshot=snapshot, run=run, stack=stack)
    except Exception:
        if client.get_pipeline_run(run.id).status == ExecutionStatus.RESUMING:
            _set_status(run, ExecutionStatus.PAUSED)
        raise
    run = client.get_pipeline_run(run.id)
    return run if stack.orchestrator.config.is_local else follow_run(run, console, status)


@contextmanager
def _recorded_job(orchestrator: BaseOrchestrator, run: PipelineRunResponse) -> Iterator[None]:
    """Record the job that resumes a run with the run: ZenML keeps the one that started it."""
    submit = orchestrator.submit_dynamic_pipeline

    def submit_and_record(*args: Any, **kwargs: Any) -> Any:
        submitted = submit(*args, **kwargs)
        if submitted and submitted.metadata:
            publish_pipeline_run_metadata(run.id, {orchestrator.id: submitted.metadata})
        return submitted

    vars(orchestrator)["submit_dynamic_pipeline"] = submit_and_record
    try:
        yield
    finally:
        del vars(orchestrator)["submit_dynamic_pipeline"]


def _set_status(run: PipelineRunResponse, status: ExecutionStatus) -> None:
    Client().zen_store.update_run(run.id, PipelineRunUpdate(status=status))
