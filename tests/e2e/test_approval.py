"""A retrained version waits for a person: approved, rejected, refused, expired, killed."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.models import PipelineRunUpdate

from cli import review
from store.approvals import Approval, answer, approvals
from store.audit_trail import audit_trail
from store.label_reviews import quarantined_faces
from store.versions import load_artifact, require_version
from tests.e2e.conftest import Run, deployer, described

ALWAYS = (
    "{approval: always, threshold: 0.99, minimum_labels: 1, "
    "gate: {tolerances: {baseline: 0.9, drifted: 0.9}}}"
)
"""Every window drifts, and the gate would promote nearly everything."""

PEOPLE = "data: {source: synthetic, people: 20}"


@pytest.fixture(scope="module", autouse=True)
def live(run: Run) -> dict[str, Any]:
    run("training", PEOPLE)
    return run("deployment")


def waiting(run: Run, settings: str = ALWAYS, **traffic: Any) -> dict[str, Any]:
    """Send traffic that drifted; detect it, and return the summary of the run that waits."""
    assert run("traffic", requests=60, **traffic)["traffic"]["failed"] == 0
    found = run("drift_detection", settings)
    assert found["decision"] == "retrain", found["reason"]
    assert found["run"]["status"] == "paused"
    return found


def approval_of(summary: dict[str, Any]) -> Approval:
    return next(a for a in approvals() if a.run == summary["run"]["name"])


def production() -> int:
    return int(Client().get_model_version("face-recognizer", "production").number)


def test_a_version_waits_then_is_deployed_after_an_approval(run: Run, home: Path) -> None:
    before = deployer().served_version()
    found = waiting(run, condition="yaw=left,right")
    assert found["retrained"]
    assert not found["promoted"]
    assert found["gate"].startswith("held for approval: no worse than production")
    alert = (home / "alerts.log").read_text().splitlines()[-1]
    assert f"python run.py review --approve {found['run']['name']}." in alert
    assert f"python run.py review --reject {found['run']['name']}." in alert
    assert deployer().served_version() == before == str(production())

    # The waiting run blocks no other run, and nobody decides about its window again.
    assert run("drift_detection", ALWAYS)["decision"] == "not_enough_evidence"

    assert review.main(["--approve", found["run"]["name"]]) == 0
    approval = approval_of(found)
    assert deployer().served_version() == str(approval.version) == str(production()) != before
    assert approval.answer == "approved"
    assert "(default in ZenML)" in approval.who
    assert Client().get_pipeline_run(found["run"]["id"]).status == "completed"
    assert described(found, "approval")["approved_by"] == approval.who
    assert review.main(["--approve", found["run"]["name"]]) == 2, "it does not wait any more"


def test_a_rejected_version_stays_registered_and_production_stays_as_it_was(run: Run) -> None:
    before = deployer().served_version()
    found = waiting(run, corruption="noise")
    assert review.main(["--reject", found["run"]["name"]]) == 0
    approval = approval_of(found)
    assert approval.answer == "rejected"
    assert Client().get_model_version("face-recognizer", approval.version).stage is None
    assert deployer().served_version() == before == str(production())
    assert Client().get_pipeline_run(found["run"]["id"]).status == "stopped"
    assert run("drift_detection", ALWAYS)["decision"] == "not_enough_evidence"


def test_a_version_is_not_promoted_if_production_has_changed_before_the_approval(
    run: Run,
) -> None:
    """Approved with ZenML's own command; the next drift detection resumes the run."""
    found = waiting(run, corruption="blur")
    approval = approval_of(found)
    run("rollback", reason="a test")
    after_rollback = production()
    assert approval.compared_with != after_rollback
    zenml = Path(sys.executable).with_name("zenml")
    command = ["pipeline", "runs", "wait-conditions", "resolve", str(approval.id)]
    subprocess.run([zenml, *command, "--resolution", "continue"], check=True, capture_output=True)
    assert approval_of(found).who == "default in ZenML"

    assert run("drift_detection")["decision"] == "not_enough_evidence"
    assert Client().get_pipeline_run(found["run"]["id"]).status == "completed"
    reason = described(found, "approval")["reason"]
    assert reason.startswith(f"not promoted: production has changed: version {after_rollback} is")
    assert deployer().served_version() == str(after_rollback) == str(production())


def test_a_request_that_is_not_answered_in_time_expires(run: Run, home: Path) -> None:
    before = production()
    found = waiting(run, f"{ALWAYS[:-1]}, approval_timeout_hours: 0.0001}}", corruption="occlusion")
    while datetime.now(UTC) <= approval_of(found).expires:
        time.sleep(0.1)
    assert review.main(["--approve", found["run"]["name"]]) == 2
    run("drift_detection")
    assert approval_of(found).answer == "expired"
    assert approval_of(found).who == ""
    alert = (home / "alerts.log").read_text().splitlines()[-1]
    assert "was not approved in time; production stays as it is" in alert
    assert production() == before


def test_a_run_is_killed_before_it_waits_and_after_its_approval(run: Run, tmp_path: Path) -> None:
    before = deployer().served_version()
    run("traffic", requests=60, corruption="rotation")
    config = tmp_path / "drift.yaml"
    config.write_text(ALWAYS)
    command = [sys.executable, "run.py", "--pipeline", "drift_detection", "--config", config]
    with subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert any("✓ promote model" in line for line in process.stderr)
        os.killpg(process.pid, signal.SIGKILL)
    found = run("drift_detection", ALWAYS)
    assert found["run"]["status"] == "paused"
    (waits,) = (a for a in approvals() if a.waits)
    assert waits.run == found["run"]["name"]
    assert deployer().served_version() == before

    # What a process leaves that is killed right after it has approved and resumed the run.
    answer(waits, "approved")
    Client().zen_store.update_run(waits.run_id, PipelineRunUpdate(status=ExecutionStatus.RESUMING))
    assert run("drift_detection", ALWAYS)["decision"] == "not_enough_evidence"
    assert Client().get_pipeline_run(waits.run_id).status == "failed"
    assert deployer().served_version() == str(waits.version) == str(production())
    assert "promoted: its run had been interrupted" in str(approval_of(found).outcome)


def test_quarantined_labels_are_approved_and_rejected_one_at_a_time(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """An approved label is learned by the next retraining, the others are not."""
    quarantine_all = f"{ALWAYS[:-1]}, feedback: {{minimum_similarity: 1.0}}}}"
    known = {face.id for face in quarantined_faces()}
    run("traffic", requests=20, corruption="brightness")
    found = run("drift_detection", quarantine_all)
    assert found["decision"] == "alert", found["reason"]
    right, wrong, *others = (face for face in quarantined_faces() if face.id not in known)
    assert len(others) + 2 == found["quarantined"]["implausible"]
    capsys.readouterr()
    assert review.main([]) == 0
    assert right.id in capsys.readouterr().out
    assert review.main(["--approve-label", right.id]) == 0
    assert review.main(["--reject-label", wrong.id]) == 0
    reviews = {face.id: face.review for face in quarantined_faces() if face.review}
    assert {label: found.review for label, found in reviews.items()} == {
        right.id: "approved",
        wrong.id: "rejected",
    }
    assert "(default in ZenML)" in reviews[right.id].who
    assert review.main(["--approve-label", f"{right.id}x"]) == 2
    assert f"did you mean '{right.id}'" in capsys.readouterr().err

    before = production()
    run("traffic", requests=20, corruption="noise")
    found = run("drift_detection", quarantine_all)
    assert found["approved_labels"] == 1
    assert found["run"]["status"] == "paused", found["reason"]
    learned, basis = (
        load_artifact(require_version(number), "faces")
        for number in (approval_of(found).version, before)
    )
    assert len(learned) == len(basis) + 1
    assert learned.labels[-1] == right.label
    assert review.main(["--approve", found["run"]["name"]]) == 0
    actions = [event.action for event in audit_trail()]
    for action in ("approved", "rejected", "expired", "label approved", "label rejected"):
        assert action in actions
    assert actions[-1] == "deployed"
    run("traffic", requests=20, corruption="rotation")
    assert run("drift_detection", quarantine_all)["approved_labels"] == 0, "it was learned"
