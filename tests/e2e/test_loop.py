"""The whole loop: traffic, drift, retraining, redeployment, a rejected model, a rollback."""

import csv
import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli.lineage import print_lineage, print_version
from faces.drift.captured_requests import read_captured_requests
from faces.errors import OperationError, UserError
from serving.capture.reader import read_files
from store.signing import KEY, SECRET
from store.versions import load_artifact, require_version
from tests.conftest import real_faces_are_here
from tests.e2e.conftest import PORT, Run, deployer, described

REAL = real_faces_are_here()
ENDPOINT = f"port: {PORT}, token_secret: endpoint, require_signature: true"
ATTACKER, ATTACKER_TOKEN = "eve", "a token of eve"


@pytest.fixture(scope="module")
def live(run: Run) -> dict[str, Any]:
    from zenml.client import Client

    key = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    Client().create_secret(SECRET, {KEY: key.decode()})
    run("training", data="olivetti" if REAL else "synthetic")
    tokens = {"token": "t", "feedback_operator": "o", f"feedback_{ATTACKER}": ATTACKER_TOKEN}
    Client().create_secret("endpoint", tokens)
    return run("deployment", f"endpoint: {{{ENDPOINT}}}")


def send(run: Run, condition: str, text: str = "", **options: Any) -> dict[str, Any]:
    summary = run("traffic", text, condition=condition, **options)
    sent = summary["traffic"]
    assert sent["failed"] == 0
    assert described(summary, "traffic")["condition"] == condition
    return dict(sent)


def test_no_traffic_is_not_enough_evidence(run: Run, live: dict[str, Any]) -> None:
    found = run("drift_detection")
    assert found["decision"] == "not_enough_evidence"
    assert found["drift"]["drift"]["images"] == 0
    assert not found["retrained"]


def test_traffic_of_the_training_condition_changes_nothing(run: Run, live: dict[str, Any]) -> None:
    sent = send(run, "yaw=frontal", requests=40)
    assert sent["accuracy"] > 0.85
    assert sent["feedback"] == 40
    found = run("drift_detection")
    assert found["decision"] == "none", found["reason"]
    population = found["drift"]["population"]
    assert population["images"] == sent["images"]
    assert found["drift"]["drift"]["images"] == sent["images"] - population["unknown"]
    assert found["deployed_version"] is None
    monitor = found["drift"]["monitor"]
    assert (monitor["version"], monitor["faces"]) == (1, 40)
    assert monitor["peak"] < 100
    assert described(found, "drift")["monitor_faces"] == 40
    again = run("drift_detection")
    assert again["decision"] == "not_enough_evidence", "it was decided on"
    assert again["drift"]["monitor"] == monitor, "each face counts once"


def test_only_outputs_of_steps_are_artifacts(run: Run, live: dict[str, Any]) -> None:
    from zenml.client import Client
    from zenml.enums import ArtifactSaveType

    drift_run = Client().get_pipeline_run(run("drift_detection")["run"]["id"])
    inputs = [used for step in drift_run.steps.values() for used in step.regular_inputs.values()]
    assert {used.save_type for (used,) in inputs} == {ArtifactSaveType.STEP_OUTPUT}
    assert drift_run.steps["detect_drift"].config.parameters["threshold"] == 0.01


def test_drift_without_labels_sends_an_alert(run: Run, live: dict[str, Any], home: Path) -> None:
    send(run, "yaw=left,right", "feedback: 0.0", corruption="blur")
    found = run("drift_detection")
    assert found["decision"] == "alert"
    assert found["drift"]["drift"]["verdict"] == "drift"
    assert "retraining needs at least 10 labelled faces" in found["reason"]
    assert found["drift"]["monitor"]["peak"] >= 100
    assert "data drift in single faces" in found["reason"]
    assert found["alert"]["delivered"]
    assert found["reason"] in (home / "alerts.log").read_text()
    drift = described(found, "drift")
    assert drift["decision"] == "alert"
    assert drift["p_value"] == found["drift"]["drift"]["p_value"]
    assert "accuracy" not in drift, "there were no labels"
    assert "by Evidently" in Path(found["report"]).read_text()
    assert (Path(found["report"]).parent / "evidently.html").exists()
    assert deployer().served_version() == "1"


def test_drift_in_too_few_of_the_last_windows_is_not_acted_on(
    run: Run, live: dict[str, Any]
) -> None:
    send(run, "yaw=left,right", corruption="noise")
    found = run("drift_detection", "of_last: 5\nrequired: 4")
    assert found["decision"] == "wait"
    assert "seen in 2 of the last 3 windows, 4 of 5 are required" in found["reason"]


def send_as_attacker(shifts: Sequence[float], images: int = 1_000, honest: bool = False) -> int:
    """Send turned heads, made brighter by each shift, with labels from the attacker."""
    from faces.client import send_faces, send_feedback
    from faces.data.dataset import Faces
    from faces.data.traffic import traffic_rows
    from store.versions import find_version, load_artifact

    version = find_version(int(deployer().served_version()))
    assert version is not None
    faces: Faces = load_artifact(version, "faces")
    split = load_artifact(version, "split")
    rows = traffic_rows(faces, split, "yaw=left,right")[:images]
    endpoint = deployer().endpoint()
    attacker = {"Authorization": f"Bearer {ATTACKER_TOKEN}"}
    for shift in shifts:
        for number, row in enumerate(rows):
            pixels = np.clip(faces.pixels[row] + shift, 0, 1)
            answer = send_faces(endpoint.url, pixels[None], headers=endpoint.headers)
            classes = answer.classes
            wrong = classes[(classes.index(faces.labels[row]) + number) % len(classes)]
            label = str(faces.labels[row]) if honest else wrong
            send_feedback(endpoint.url, answer.request, [label], headers=attacker)
    return len(shifts) * len(rows)


def test_wrong_labels_are_quarantined_and_neither_counted_nor_learned(
    run: Run, live: dict[str, Any]
) -> None:
    before = deployer().served_version()
    sent = send_as_attacker((0.01,))
    found = run("drift_detection")
    assert found["decision"] == "alert", found["reason"]
    assert found["quarantined"]["implausible"] >= 0.95 * sent
    assert found["quarantined_senders"] == {ATTACKER: sent}
    assert f"feedback labelled {sent}, of which" in found["reason"]
    assert found["drift"]["labelled"] <= 0.05 * sent, "not counted in the accuracy"
    assert described(found, "feedback")["implausible"] == found["quarantined"]["implausible"]
    assert f"({sent} from {ATTACKER})" in Path(found["report"]).read_text()
    assert not found["retrained"]
    assert deployer().served_version() == before


def test_a_token_for_predictions_does_not_allow_feedback(run: Run, live: dict[str, Any]) -> None:
    from faces.client import send_feedback

    endpoint = deployer().endpoint()
    with pytest.raises(OperationError, match="403: Authorization: this token allows predictions"):
        send_feedback(endpoint.url, "any-request", ["s01"], headers=endpoint.headers)


def test_a_model_trained_on_wrong_labels_is_rejected(run: Run, live: dict[str, Any]) -> None:
    before = deployer().served_version()
    send_as_attacker((0.0, 0.02, 0.04))
    found = run("drift_detection", "feedback: {minimum_similarity: -1.0, maximum_share: 1.0}")
    assert found["decision"] == "retrain"
    assert found["retrained"]
    assert not found["promoted"], found["gate"]
    assert found["gate"].startswith("rejected: worse than production")
    assert f"was not deployed: {found['gate']}" in found["alert"]["message"]
    assert found["deployed_version"] is None
    assert deployer().served_version() == before


def test_drift_by_turned_heads_leads_to_retraining_and_redeployment_then_a_rollback(
    run: Run, live: dict[str, Any]
) -> None:
    before = deployer().served_version()
    sent = send(run, "yaw=left,right", requests=60)
    assert sent["accuracy"] < 0.85
    send_as_attacker((0.06,), images=2, honest=True)
    found = run("drift_detection")
    assert found["quarantined"]["untrusted_sender"] >= 1, "because of labels in earlier windows"
    assert found["quarantined_senders"][ATTACKER] == 2
    assert found["decision"] == "retrain"
    assert found["drift"]["accuracy"]["now"] == pytest.approx(sent["accuracy"], abs=0.05)
    assert found["promoted"], found["gate"]
    assert described(found, "drift")["labelled"] == found["drift"]["labelled"]
    assert f"promoted: {described(found, 'training')['gate']}" == found["gate"]
    assert described(found, "deployment")["version"] == found["deployed_version"]
    assert str(found["deployed_version"]) == deployer().served_version() != before
    assert f"Version {found['deployed_version']} is now live" in found["alert"]["message"]
    if REAL:
        assert found["drift"]["drift"]["verdict"] == "drift"
        assert found["metrics"]["drifted_accuracy"] > 0.6
    after = send(run, "yaw=frontal", requests=20)
    assert after["model_version"] == str(found["deployed_version"])
    json.dumps(found)

    back = run("rollback", reason="a test")
    assert described(back, "rollback")["reason"] == "a test"
    assert str(back["endpoint"]["model_version"]) == before == deployer().served_version()


def test_all_steps_of_a_run_use_the_selected_version(run: Run, live: dict[str, Any]) -> None:
    """A rollback during a drift detection must not mix the data of two versions."""
    from faces.evaluation.feedback_verification import FeedbackVerification
    from steps.data.add_feedback import add_feedback
    from steps.monitoring.detect_drift import detect_drift
    from steps.monitoring.load_window import load_window
    from steps.monitoring.update_monitor import update_monitor
    from store.records import ApprovedLabels
    from store.versions import find_version, load_artifact, require_version

    served = int(deployer().served_version())
    other = next(n for n in range(1, 9) if n != served and find_version(n))
    window = load_window.entrypoint(None, 5_000)
    feedback = FeedbackVerification(int(window.labelled.sum()))
    monitor = update_monitor.entrypoint(other, 5_000)
    result, _ = detect_drift.entrypoint(window, feedback, other, monitor, 0.01, 1, 1)
    assert result.version == monitor.version == other
    faces, split = add_feedback.entrypoint(window, feedback, ApprovedLabels(), other, 0.5, 0.1)
    original = load_artifact(require_version(other), "split")
    assert set(original.train) <= set(split.train)
    assert len(faces) >= len(load_artifact(require_version(other), "faces"))


@pytest.mark.parametrize("moment", ["decide", "promote model", "deploy model"])
def test_a_run_killed_at_any_step_leaves_the_endpoint_up_and_the_next_run_restarts(
    run: Run, live: dict[str, Any], moment: str
) -> None:
    before = deployer().served_version()
    send(run, "yaw=left,right", requests=60)
    kill_when_done(moment)
    now = send(run, "yaw=frontal", requests=1)["model_version"]
    if moment != "deploy model":
        assert now == before, "nothing new was live yet"
        assert captured_since_decision(), "what the killed run decided does not count"
        return
    found = run("drift_detection")
    assert found["decision"] in ("none", "retrain")
    assert not captured_since_decision()
    assert deployer().served_version() == str(found["deployed_version"] or now)
    back = run("rollback", reason="a test")
    assert described(back, "rollback")["reason"] == "a test"
    assert back["endpoint"]["model_version"] not in (int(now), found["deployed_version"])


def captured_since_decision() -> int:
    from steps.monitoring.load_window import load_window

    return len(load_window.entrypoint(None, 5_000))


def kill_when_done(step: str) -> None:
    """Start a drift detection, and kill it the moment that a step is done."""
    command = [sys.executable, "run.py", "--pipeline", "drift_detection"]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stderr:
            if f"✓ {step}" in line:
                os.killpg(process.pid, signal.SIGKILL)
                return
            said.append(line)
        pytest.fail(f"it ended before '{step}': {said} {process.stdout.read()}")


def test_damaged_records_are_counted_and_skipped(run: Run, live: dict[str, Any]) -> None:
    send(run, "yaw=frontal", requests=20)
    (file,) = [f for place in deployer().captured() for f in Path(place).glob("*.faces")][-1:]
    whole = file.read_bytes()
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0xFF
    try:
        file.write_bytes(bytes(broken))
        found = run("drift_detection")
    finally:
        file.write_bytes(whole)
    assert found["damaged"] == 1
    assert found["decision"] in ("none", "not_enough_evidence")


def test_an_answer_leads_back_to_its_version_data_and_commit(
    run: Run, live: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answers = read_captured_requests(read_files(deployer().captured())).table
    answer = answers[answers["version"] == answers["version"].max()].iloc[-1]
    print_lineage(answer["request"])
    shown = dict(re.findall(r"^(\S.*?)  +(.*)$", capsys.readouterr().out, re.MULTILINE))
    version = require_version(int(answer["version"]))
    assert shown["version"].startswith(f"{version.number}, model ")
    assert shown["signed"] == "provenance and gate decision, with the present key"
    assert shown["data version"] == version.run_metadata["data_version"]
    assert re.fullmatch(r"[0-9a-f]{40}( and changes)?|unknown", shown["commit"])
    if answer["predicted"] != "unknown":
        assert f"images of {answer['predicted']}" in shown
    with pytest.raises(UserError, match="no request nowhere"):
        print_lineage("nowhere")
    print_version(version.number)
    assert "people (images)" in capsys.readouterr().out


def test_the_history_page_shows_decisions_deployments_and_versions(
    run: Run, live: dict[str, Any], tmp_path: Path
) -> None:
    export = tmp_path / "audit.csv"
    summary = run("history", page=str(tmp_path / "history.html"), export=str(export))
    assert stat.S_IMODE(Path(summary["file"]).stat().st_mode) == 0o600
    html = Path(summary["file"]).read_text()
    assert "<script" not in html
    for badge in ("none", "alert", "wait", "retrain", "deployment", "rollback"):
        assert f'class="badge {badge}"' in html
    assert "rejected: worse than production" in html

    assert stat.S_IMODE(export.stat().st_mode) == 0o600
    trail = list(csv.DictReader(export.open()))
    assert len(trail) == summary["audit_events"]
    assert [row["when"] for row in trail] == sorted(row["when"] for row in trail)
    assert {"labelled", "promoted", "not promoted", "deployed", "rolled back"} <= {
        row["action"] for row in trail
    }
    assert all("in ZenML" in row["who"] for row in trail if row["action"] != "labelled")
    assert "Audit trail" in html
    names = {str(name) for name in load_artifact(require_version(1), "faces").labels}
    assert not names & set(re.findall(r"\w+", export.read_text())), "it names no people"


def test_traffic_excludes_the_training_images_of_all_versions(
    run: Run, live: dict[str, Any]
) -> None:
    from faces.data.traffic import is_feedback_holdout
    from store.versions import find_version, load_artifact

    versions = [v for n in range(1, 6) if (v := find_version(n)) is not None]
    assert len(versions) >= 2
    for version in versions[1:]:
        faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
        first = load_artifact(versions[0], "split")
        original = load_artifact(versions[0], "faces")
        learned = np.setdiff1d(faces.ids[split.train], original.ids[first.train])
        assert not np.isin(original.ids[is_feedback_holdout(original)], learned).any()
        assert not np.isin(faces.ids[is_feedback_holdout(faces)], learned).any()


def test_an_endpoint_that_is_down_is_reported_and_changes_nothing(
    run: Run, live: dict[str, Any], home: Path
) -> None:
    (service,) = deployer().find_model_server()
    deployer().stop_model_server(service.uuid)
    with pytest.raises(OperationError, match="no endpoint responds at"):
        run("traffic", requests=5)
    with pytest.raises(OperationError, match="no endpoint responds at"):
        run("drift_detection")
    alert = (home / "alerts.log").read_text().splitlines()[-1]
    assert "drift detection failed: no endpoint responds at" in alert
    deployer().start_model_server(service.uuid, timeout=30)


def test_a_second_drift_detection_at_the_same_time_does_nothing(
    run: Run, live: dict[str, Any], home: Path
) -> None:
    with (home / "faces-drift_detection.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="drift_detection is already running"):
            run("drift_detection")


def test_only_the_owner_can_read_what_the_loop_wrote(home: Path, live: dict[str, Any]) -> None:
    """All but the source code that MLflow copies: it keeps its mode, in private folders."""
    written = [path for path in home.rglob("*") if "code" not in path.relative_to(home).parts]
    assert len(written) > 500
    assert [str(path) for path in written if path.stat().st_mode & 0o077] == []
