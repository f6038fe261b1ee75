"""Resume runs that waited for an approval, and end those that were not answered in time."""

from rich.console import Console
from rich.status import Status
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.models import PipelineRunResponse, PipelineRunUpdate

from cli.remote_run import follow_run
from steps.monitoring.send_alert import post
from store.approvals import Approval, approvals, expire_approvals


def finish_answered_runs(console: Console, status: Status) -> None:
    """Resume runs that were approved but not resumed; end those that were not answered in time.

    A run is approved without being resumed if ZenML's command or dashboard was used, or if the
    process that approved it was killed.

    Args:
        console: Where it is reported.
        status: The spinner.
    """
    for approval in expire_approvals():
        text = f"version {approval.version} was not approved in time; production stays as it is"
        post(f"{text} ({approval.run}).")
        console.print(f"  [yellow]{text}[/] [dim]({approval.run})[/]")
    for approval in approvals():
        if approval.can_resume:
            console.print(f"  resuming {approval.run}, approved by {approval.who}")
            resume_run(approval, console, status)


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
        stack.orchestrator.resume_run(snapshot=snapshot, run=run, stack=stack)
    except Exception:
        if client.get_pipeline_run(run.id).status == ExecutionStatus.RESUMING:
            _set_status(run, ExecutionStatus.PAUSED)
        raise
    run = client.get_pipeline_run(run.id)
    return (
        run
        if stack.orchestrator.config.is_local
        else follow_run(run, console, status, resumed=True)
    )


def _set_status(run: PipelineRunResponse, status: ExecutionStatus) -> None:
    Client().zen_store.update_run(run.id, PipelineRunUpdate(status=status))
