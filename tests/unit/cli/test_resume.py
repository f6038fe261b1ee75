"""A job that resumes an approved run may die without reporting it."""

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console
from zenml.enums import ExecutionStatus

from cli import remote_run, resume
from faces.errors import UserError
from store.approvals import Approval

NOW = datetime.now(UTC)
RESUMED = Approval(
    uuid4(), "drift-1", uuid4(), ExecutionStatus.RUNNING, 3, 1, "", NOW, NOW, "approved", "ada", NOW
)


class Orchestrator:
    """An orchestrator of a cloud; `ended` says whether its job has ended."""

    id = uuid4()
    config = SimpleNamespace(is_local=False)

    def __init__(self, ended: bool = True) -> None:
        self.status = ExecutionStatus.FAILED if ended else ExecutionStatus.RUNNING

    def submit_dynamic_pipeline(self, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(metadata={"orchestrator_run_id": "customJobs/2"})

    def fetch_status(self, run: Any) -> tuple[ExecutionStatus, None]:
        return self.status, None


def test_the_job_that_resumes_a_run_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(
        resume, "publish_pipeline_run_metadata", lambda *args: recorded.extend(args)
    )
    run, orchestrator = SimpleNamespace(id=uuid4()), Orchestrator()
    with resume._recorded_job(orchestrator, run):  # type: ignore[arg-type]
        orchestrator.submit_dynamic_pipeline(snapshot=None)
    assert recorded == [run.id, {Orchestrator.id: {"orchestrator_run_id": "customJobs/2"}}]
    orchestrator.submit_dynamic_pipeline()
    assert len(recorded) == 2, "only while a run is resumed"


@pytest.mark.parametrize("ended", [True, False])
def test_the_next_drift_detection_notices_a_job_that_died(
    monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    found = [RESUMED]
    run = SimpleNamespace(id=RESUMED.run_id)
    stack = SimpleNamespace(orchestrator=Orchestrator(ended))
    client = SimpleNamespace(active_stack=stack, get_pipeline_run=lambda _: run)

    def refresh(_: Any) -> None:
        found[:] = [replace(RESUMED, run_status=ExecutionStatus.FAILED)]

    outcomes: list[str] = []
    monkeypatch.setattr(resume, "Client", lambda: client)
    monkeypatch.setattr(resume, "expire_approvals", lambda: ())
    monkeypatch.setattr(resume, "approvals", lambda: found)
    monkeypatch.setattr(remote_run, "refresh_run_status", refresh)
    monkeypatch.setattr(resume, "promote", lambda approval: None)
    monkeypatch.setattr(resume, "record_outcome", lambda _, outcome: outcomes.append(outcome))
    console = Console(file=StringIO())
    resume.finish_answered_runs(console, console.status(""))
    text = "version 3, approved by ada, is promoted: its run had been interrupted"
    assert outcomes == ([text] if ended else [])


def test_a_version_that_was_deleted_is_not_promoted(monkeypatch: pytest.MonkeyPatch) -> None:
    def deleted(_: Approval) -> None:
        raise UserError("version 3 of face-recognizer was deleted")

    monkeypatch.setattr(resume, "promote", deleted)
    monkeypatch.setattr(resume, "record_outcome", lambda approval, outcome: None)
    assert resume.finish_promotion(RESUMED).endswith(
        "is not promoted: version 3 of face-recognizer was deleted"
    )
