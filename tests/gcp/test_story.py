"""Training to rollback on the gcp stack, in this order.

Against the doubles: what they do not prove, these tests do not prove either.
"""

import time
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from rich.console import Console
from zenml.client import Client

from cli import review
from components.tracking.mlflow_webhook import register
from faces.client import send_faces
from faces.data.dataset import Faces
from faces.errors import OperationError
from faces.reports.png import grey_png
from faces.runtime.portable import file_hash, write_portable
from pipelines import drift_detection
from tests.conftest import needs_real_faces
from tests.gcp.cloud import BUCKET, CAPTURED
from tests.gcp.conftest import DEPLOYMENT, Run, clients, url
from tests.gcp.doubles.process import free_port

pytestmark = needs_real_faces

TURNED = "yaw=left,right"

decisions: dict[str, dict[str, Any]] = {}
"""Summaries of drift detection on the gcp stack, by the condition of the traffic."""


def deployment(cloud: Any) -> dict[str, Any]:
    found: dict[str, Any] = cloud.kubernetes.deployments["face-recognizer"]
    return found


def objects(bucket: str) -> list[str]:
    from google.cloud import storage

    return [blob.name for blob in storage.Client().list_blobs(bucket)]


def wait_for_capture(faces: int) -> None:
    """Wait until this many captured faces are in the bucket."""
    from components.deployers.base import active_deployer
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files

    deadline = time.monotonic() + 30
    while len(read_captured_requests(read_files(active_deployer().captured())).table) < faces:
        assert time.monotonic() < deadline, "captured faces did not reach the bucket"
        time.sleep(0.5)


def test_every_step_of_a_training_runs_on_vertex(cloud: Any, trained: dict[str, Any]) -> None:
    assert trained["model"]["stage"] == "production"
    run = Client().get_pipeline_run(trained["run"]["name"])
    job = cloud.vertex.wait("pipelineJobs", "training")
    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert job["labels"]["application"] == "face-recognizer"
    assert len(job["pipelineSpec"]["root"]["dag"]["tasks"]) == len(run.steps)
    for step in run.steps.values():
        for (artifact,) in step.outputs.values():
            assert artifact.uri.startswith(f"gs://{BUCKET}/zenml/"), artifact.uri
    assert any(name.startswith("mlflow/") for name in objects(BUCKET))


def test_mlflow_has_the_run_and_the_version(cloud: Any, trained: dict[str, Any]) -> None:
    stack: Any = Client().active_stack
    # The registry requires an MLflow tracker, and cli/shortcuts.py makes it one on first use.
    stack.experiment_tracker.configure_mlflow()
    number = str(trained["model"]["version"])
    version = stack.model_registry.get_model_version("face-recognizer", number)
    assert version.description is not None
    assert "Olivetti" in version.description
    assert trained["run"]["tracker"] == cloud.tracking.url


def test_mlflow_stores_webhooks(cloud: Any, trained: dict[str, Any]) -> None:
    """It encrypts their secrets with a key in the form of that of infra/gcp; nothing is sent."""
    stack: Any = Client().active_stack
    stack.experiment_tracker.configure_mlflow()
    register(cloud.tracking.url, "faces", "https://1.1.1.1/events", "secret")
    (webhook,) = MlflowClient(cloud.tracking.url).list_webhooks()
    assert webhook.url == "https://1.1.1.1/events"
    MlflowClient(cloud.tracking.url).delete_webhook(webhook.webhook_id)


def test_the_local_stack_trains_the_same_model(run: Run, trained: dict[str, Any]) -> None:
    """The same arrays from the same data, on another stack of the same server."""
    local = run("training", stack="local", data="olivetti", cached=False)
    assert local["metrics"] == pytest.approx(trained["metrics"])
    assert local["model"]["stage"] != "production", "the cluster could not reach its files"
    assert "on one machine" in local["model"]["reason"]

    def portable(number: int) -> str:
        version = Client().get_model_version("face-recognizer", number)
        artifact = version.get_artifact("portable")
        assert artifact is not None
        return file_hash(write_portable(artifact.load()))

    remote = trained["model"]["version"]
    assert portable(local["model"]["version"]) == portable(remote)
    assert Client().get_model_version("face-recognizer", remote), "switching stacks keeps versions"


def test_the_version_in_production_is_deployed_to_the_cluster(
    cloud: Any, live: dict[str, Any]
) -> None:
    assert live["endpoint"] == {"url": url(cloud), "model_version": 1}
    assert live["largest_difference"] < 1e-4
    assert deployment(cloud)["status"] == {"state": "Available", "replicas": 2}
    assert len(cloud.kubernetes.pods) == 2
    assert any(name.startswith("models/1-") for name in objects(BUCKET))
    assert cloud.token not in str(deployment(cloud)), "the token is in the secret only"


def test_a_request_without_the_token_is_rejected(cloud: Any, live: dict[str, Any]) -> None:
    with pytest.raises(OperationError, match="401"):
        send_faces(url(cloud), np.zeros((1, 4096)))


def test_frontal_traffic_changes_nothing(cloud: Any, run: Run, live: dict[str, Any]) -> None:
    sent = run("traffic", condition="yaw=frontal", requests=40)["traffic"]
    assert sent["failed"] == 0
    assert sent["feedback"] == 40, "any replica accepts feedback"
    wait_for_capture(40)
    assert any(name.endswith(".faces") for name in objects(CAPTURED))
    summary = run("drift_detection")
    assert summary["decision"] == "none", summary["reason"]
    unknown = summary["drift"]["population"]["unknown"]
    assert summary["drift"]["drift"]["images"] == sent["images"] - unknown
    decisions["yaw=frontal"] = summary


def test_turned_heads_lead_to_retraining_and_after_an_approval_to_redeployment(
    cloud: Any, run: Run, live: dict[str, Any]
) -> None:
    """The job ends while the run waits; another job resumes it. No request fails."""
    sent = run("traffic", condition=TURNED, requests=40)["traffic"]
    wait_for_capture(80)
    with clients(cloud) as failed:
        waiting = run("drift_detection", "approval: always")
        assert waiting["run"]["status"] == "paused"
        assert f"review --approve {waiting['run']['name']}." in cloud.chat.messages[-1]
        assert Client().get_model_version("face-recognizer", "production").number == 1
        review.approve_run(waiting["run"]["name"], "gcp", Console(file=StringIO()))
    resumed = Client().get_pipeline_run(waiting["run"]["id"])
    summary = drift_detection.summarize(resumed).model_dump(mode="json")
    decisions[TURNED] = summary
    assert summary["decision"] == "retrain", summary["reason"]
    assert summary["promoted"], summary["gate"]
    assert summary["deployed_version"] is not None
    assert not failed, failed[:3]
    labels = deployment(cloud)["metadata"]["labels"]
    assert labels["face-recognizer/version"] == str(summary["deployed_version"])
    (*_, job) = [item for name, item in cloud.vertex.items.items() if "/customJobs/" in name]
    job = cloud.vertex.wait("customJobs", job["name"])
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    resumed_by = job["name"].rpartition("/")[2]
    assert resumed.run_metadata["orchestrator_run_id"] == resumed_by, "the job that resumed it"
    assert sent["accuracy"] < 0.8
    assert cloud.chat.messages[-1] == summary["alert"]["message"]
    assert f"Version {summary['deployed_version']} is now live" in cloud.chat.messages[-1]


def test_a_rollback_restores_the_previous_version(
    cloud: Any, run: Run, live: dict[str, Any], tmp_path: Path
) -> None:
    with clients(cloud) as failed:
        back = run("rollback", "reason: as a test")
    assert back["endpoint"] == {"url": url(cloud), "model_version": 1}
    assert not failed, failed[:3]
    assert Client().get_model_version("face-recognizer", "production").number == 1


def test_the_same_version_is_deployed_to_cloud_run(
    cloud: Any, run: Run, live: dict[str, Any]
) -> None:
    """By a step on Vertex AI; nothing on the cluster changes."""
    from components.deployers.base import active_deployer

    deployed = run("deployment", DEPLOYMENT, stack="gcp-run")
    assert deployed["endpoint"] == {"url": f"{cloud.run.url}/run", "model_version": 1}
    assert deployed["largest_difference"] < 1e-4
    deployer = active_deployer()
    assert deployer.served_version() == "1"
    assert deployer.restore(None, instead_of="1")
    assert deployment(cloud)["metadata"]["labels"]["face-recognizer/version"] == "1"


def test_the_local_stack_makes_the_same_decisions(run: Run, live: Any) -> None:
    """After the rollback, the same version is live there."""
    from components.deployers.base import active_deployer

    run("deployment", f"endpoint: {{port: {free_port()}}}", stack="local")
    deployer = active_deployer()
    try:
        for condition, there in decisions.items():
            run("traffic", stack="local", condition=condition, requests=40)
            here = run("drift_detection", stack="local")
            assert here["decision"] == there["decision"]
            for same in ("labelled", "accuracy", "version"):
                assert here["drift"][same] == there["drift"][same], same
            drift, expected = here["drift"]["drift"], there["drift"]["drift"]
            assert drift["p_value"] == pytest.approx(expected["p_value"], abs=0.01)
            for same in ("verdict", "images", "identities", "detector"):
                assert drift[same] == expected[same], same
    finally:
        deployer.restore(None, instead_of=deployer.served_version() or "")
    assert len(decisions) == 2
    assert not here["promoted"], "its files are on one machine"


def test_a_schedule_on_vertex_starts_drift_detection_and_can_be_deleted(
    cloud: Any, run: Run, live: dict[str, Any], tmp_path: Path
) -> None:
    from cli.interval import Interval
    from cli.schedule import update_schedule
    from cli.settings import read_settings
    from cli.stacks import select_stack

    config = tmp_path / "drift.yaml"
    config.write_text("minimum_images: 12")
    settings = read_settings("drift_detection", config, {})
    select_stack("gcp")
    before = len(Client().list_pipeline_runs(pipeline_name="drift_detection").items)
    for hours in (1, 2):
        message = update_schedule(settings, Interval(3600.0 * hours, None))
    assert "(0 */2 * * *, UTC)" in message
    (schedule,) = cloud.vertex.schedules()
    assert schedule["cron"] == "0 */2 * * *"
    assert int(schedule["maxConcurrentRunCount"]) == 1

    fired = cloud.vertex.fire(schedule["name"])
    assert cloud.vertex.wait("pipelineJobs", fired["name"])["state"] == "PIPELINE_STATE_SUCCEEDED"
    runs = Client().list_pipeline_runs(pipeline_name="drift_detection", sort_by="desc:created")
    assert len(runs.items) == before + 1
    assert runs.items[0].status == "completed"
    outputs = runs.items[0].steps["decide"].outputs
    assert outputs["drift_decision"][0].load().action == "not_enough_evidence"

    assert "was deleted" in update_schedule(settings, None)
    assert cloud.vertex.schedules() == []
    assert update_schedule(settings, None) == "there was no schedule"


def test_the_faces_of_a_bucket_are_recognised_on_vertex(
    cloud: Any, run: Run, live: dict[str, Any], real: Faces, tmp_path: Path
) -> None:
    """With the batch pipeline, and with the app on this machine."""
    from google.cloud import storage

    from app.backend import Backend
    from app.recognition import recognise

    bucket = storage.Client().bucket(BUCKET)
    bucket.blob("photos/").upload_from_string(b"")
    for row in (0, 10, 20):
        bucket.blob(f"photos/day/{row}.png").upload_from_string(grey_png(real.images[row]))
    bucket.blob("photos/notes.txt").upload_from_string(b"no picture")
    table = tmp_path / "faces.csv"
    found = run("batch", data=f"gs://{BUCKET}/photos", version="1", csv=str(table))
    assert found["artifact"].startswith(f"gs://{BUCKET}/zenml/")
    assert found["skipped"] == ["notes.txt: .txt is not supported"]
    assert [line.split(",")[0] for line in table.read_text().splitlines()] == [
        "file", "day/0.png", "day/10.png", "day/20.png",
    ]  # fmt: skip
    assert not [name for name in objects(BUCKET) if "unfinished-batches" in name]

    backend = Backend()
    endpoint = backend.endpoint()
    (face,) = recognise(grey_png(real.images[0]), endpoint, backend.gallery(endpoint.version))
    assert face.version == endpoint.version
    assert face.contributions is not None
