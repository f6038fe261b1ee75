"""The stack aws: the same model from the same data, and the same decisions, as on one machine."""

import time
from typing import Any

import boto3
import numpy as np
import pytest
from zenml.client import Client

from components.checks import CheckFailed
from components.clouds.aws import CLOUD, check_bucket
from components.deployers.base import active_deployer
from faces.client import send_faces
from faces.drift.captured_requests import read_captured_requests
from faces.errors import OperationError
from faces.runtime.portable import file_hash, write_portable
from serving.capture.reader import read_files
from tests.aws.conftest import BUCKET, CAPTURED, Cloud
from tests.conftest import needs_real_faces
from tests.gcp.conftest import Run
from tests.gcp.doubles.process import free_port

pytestmark = needs_real_faces

DEPLOYMENT = "capture: {rotate_seconds: 5}"
TURNED, REQUESTS = "yaw=left,right", 40
TIMEOUT_SECONDS = 30.0


def objects(bucket: str) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket)
    return [found["Key"] for found in listed.get("Contents", [])]


def portable(version: int) -> str:
    artifact = Client().get_model_version("face-recognizer", version).get_artifact("portable")
    assert artifact is not None
    return file_hash(write_portable(artifact.load()))


@pytest.fixture(scope="module")
def trained(run: Run) -> dict[str, Any]:
    return run("training", data="olivetti")


@pytest.fixture(scope="module")
def live(run: Run, trained: dict[str, Any]) -> dict[str, Any]:
    return run("deployment", DEPLOYMENT)


def test_the_local_stack_trains_the_same_model(run: Run, trained: dict[str, Any]) -> None:
    assert trained["model"]["stage"] == "production"
    steps = Client().get_pipeline_run(trained["run"]["name"]).steps
    uris = {artifact.uri for step in steps.values() for (artifact,) in step.outputs.values()}
    assert all(uri.startswith(f"s3://{BUCKET}/zenml/") for uri in uris)
    local = run("training", stack="local", data="olivetti", cached=False)
    assert local["metrics"] == pytest.approx(trained["metrics"])
    assert portable(local["model"]["version"]) == portable(trained["model"]["version"])
    assert local["model"]["stage"] != "production", "the cluster could not reach its files"


def test_pods_serve_the_version_from_the_bucket(cloud: Cloud, live: dict[str, Any]) -> None:
    url = f"{cloud.kubernetes.url}/seldon/faces/face-recognizer"
    assert live["endpoint"] == {"url": url, "model_version": 1}
    assert live["largest_difference"] < 1e-4
    assert len(cloud.kubernetes.pods) == 2
    assert any(name.startswith("models/1-") for name in objects(BUCKET))
    with pytest.raises(OperationError, match="401"):
        send_faces(url, np.zeros((1, 4096)))


def test_the_local_stack_makes_the_same_decision(run: Run, live: dict[str, Any]) -> None:
    run("traffic", condition=TURNED, requests=REQUESTS)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while captured() < REQUESTS:
        assert time.monotonic() < deadline, "captured faces did not reach the bucket"
        time.sleep(0.5)
    assert any(name.endswith(".faces") for name in objects(CAPTURED))
    there = run("drift_detection", "minimum_labels: 1000")
    run("deployment", f"endpoint: {{port: {free_port()}}}", stack="local")
    deployer = active_deployer()
    try:
        run("traffic", stack="local", condition=TURNED, requests=REQUESTS)
        here = run("drift_detection", "minimum_labels: 1000", stack="local")
    finally:
        deployer.restore(None, instead_of=deployer.served_version() or "")
    assert here["decision"] == there["decision"] != "none"
    for same in ("verdict", "images", "identities", "detector"):
        assert here["drift"]["drift"][same] == there["drift"]["drift"][same], same


def captured() -> int:
    return len(read_captured_requests(read_files(active_deployer().captured())).table)


def test_a_missing_bucket_is_reported(cloud: Cloud) -> None:
    assert check_bucket(f"s3://{BUCKET}/zenml") == f"s3://{BUCKET} can be read"
    with pytest.raises(CheckFailed, match="s3://nothing does not exist: aws s3 mb s3://nothing"):
        check_bucket("s3://nothing/zenml")
    with pytest.raises(Exception, match="NoSuchBucket") as raised:
        boto3.client("s3").list_objects_v2(Bucket="nothing")
    assert "the request was rejected" in str(CLOUD.translate_error(raised.value))


def test_noncurrent_versions_are_deleted_for_good(cloud: Cloud) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="versioned")
    enabled = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration=enabled)
    for key, body in (("kept", b"1"), ("kept", b"2"), ("deleted", b"3")):
        client.put_object(Bucket="versioned", Key=key, Body=body)
    client.delete_object(Bucket="versioned", Key="deleted")
    assert CLOUD.delete_noncurrent("s3://versioned/zenml") == 2
    listed = client.list_object_versions(Bucket="versioned")
    assert [found["Key"] for found in listed["Versions"]] == ["kept"]
    assert "DeleteMarkers" not in listed
    assert CLOUD.delete_noncurrent("gs://versioned") == 0
