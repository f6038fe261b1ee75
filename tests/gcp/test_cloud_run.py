"""The endpoint on Cloud Run: Google's own clients, and the real server behind each revision."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from components.deployers.cloud_run import rollout
from components.deployers.endpoint import ModelArtifact
from components.deployers.settings import ServingSettings
from faces.client import send_faces, send_feedback
from faces.data.dataset import load_faces
from faces.errors import OperationError, UserError
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.capture_format import VERIFICATION
from faces.runtime.portable import file_hash, write_portable
from tests.conftest import isolated_zenml
from tests.gcp.cloud import CREDENTIALS
from tests.gcp.doubles.cloud_run import CloudRun, cloud_run
from tests.gcp.doubles.grants import DEVELOPER
from tests.gcp.doubles.identity import PROJECT, Identities, email
from tests.gcp.doubles.storage import storage

REGION, BUCKET, CAPTURED = "europe-west1", "faces-artifacts", "faces-captured"
NAME = f"projects/{PROJECT}/locations/{REGION}/services/face-recognizer"
SERVING = email("serving")
IMAGE = "registry/serving:1"
SETTINGS = ServingSettings.model_validate({"capture": {"rotate_seconds": 1.0}})
PIXELS = load_faces("synthetic", people=1, images=1).pixels
PAIRS = {("1", "2"), ("2", "1")}


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudRun]:
    """Cloud Run and Cloud Storage, as `terraform apply` leaves them, and the gcp-run stack."""
    folder = tmp_path_factory.mktemp("google")
    identities = Identities(folder)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        CREDENTIALS: str(identities.create(DEVELOPER)),
    }
    pod = {CREDENTIALS: str(identities.create("serving"))}
    with (
        isolated_zenml(folder / "zenml"),
        storage(folder, environment, [BUCKET, CAPTURED]) as _,
        cloud_run(folder, NAME, identities, environment | pod) as double,
    ):
        double.images.add(IMAGE)
        double.secrets = {"face-recognizer-token": [], "face-recognizer-feedback": []}
        os.environ.update({k: v for k, v in environment.items() if k not in ("PATH", "HOME")})
        os.environ["RUN_DOUBLE"] = double.url
        yield double


@pytest.fixture(scope="module")
def deployer(google: CloudRun) -> Iterator[Any]:
    from zenml.client import Client
    from zenml.enums import StackComponentType
    from zenml.model_deployers import BaseModelDeployer

    from components.deployers import flavors
    from tests.gcp.redirect.sitecustomize import redirect

    redirect()
    client = Client()
    client.create_secret("endpoint", {"token": "secret-1", "feedback_operator": "secret-2"})
    client.create_flavor(flavors()["cloud_run"], StackComponentType.MODEL_DEPLOYER)
    configuration: dict[str, Any] = {
        "project": PROJECT, "location": REGION, "service_account": SERVING, "image": IMAGE,
        "models": f"gs://{BUCKET}/models", "captured": f"gs://{CAPTURED}/face-recognizer",
        "token": "{{endpoint.token}}", "upload_seconds": 1.0, "rollout_timeout_seconds": 30.0,
    }  # fmt: skip
    registered = client.create_stack_component(
        "gcp-cloud-run", "cloud_run", StackComponentType.MODEL_DEPLOYER, configuration
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollout, "POLL_SECONDS", 0.2)
        patch.setattr(rollout, "PERSISTENT_SECONDS", 1.0)
        yield BaseModelDeployer.from_model(registered)


@pytest.fixture(scope="module")
def portable() -> bytes:
    faces = load_faces("synthetic", people=4, images=6)
    model = build_model("svm", components=8)
    features = fit_features(model, faces.pixels, faces.labels)
    fitted = fit_classifier(model, features, faces.pixels, faces.labels)
    return write_portable(export_model(fitted, {}))


def artifact(data: bytes, number: int) -> ModelArtifact:
    return ModelArtifact(str(number), data, file_hash(data))


@contextmanager
def clients(url: str) -> Iterator[tuple[list[str], list[str]]]:
    """Send requests without a pause; yields the errors and the versions that answered."""
    failed: list[str] = []
    versions: list[str] = []
    finished = threading.Event()

    def send() -> None:
        while not finished.is_set():
            try:
                versions.append(ask(url, f"{VERIFICATION}load"))
            except Exception as error:
                failed.append(str(error))
            time.sleep(0.05)

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield failed, versions
    finally:
        finished.set()
        for thread in threads:
            thread.join()


def ask(url: str, request: str) -> str:
    headers = {"Authorization": "Bearer secret-1"}
    return send_faces(url, PIXELS, headers=headers, request=request).version


def captured(deployer: Any) -> Any:
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files

    return read_captured_requests(read_files(deployer.captured()))


def test_a_first_deployment_that_fails_is_not_live(google: CloudRun, deployer: Any) -> None:
    with pytest.raises(UserError, match="nothing is deployed yet"):
        deployer.deploy(ModelArtifact("9", b"", ""), None)
    with pytest.raises(
        OperationError, match=r"version 9: revision .* cannot start: .*; it was not"
    ):
        deployer.deploy(ModelArtifact("9", b"no model", file_hash(b"no model")), SETTINGS)
    assert deployer.served_version() is None


def test_a_deployment_answers_at_the_services_address(
    google: CloudRun, deployer: Any, portable: bytes
) -> None:
    endpoint = deployer.deploy(artifact(portable, 1), SETTINGS)
    assert endpoint.url == f"{google.url}/run"
    assert ask(endpoint.url, "first") == "1"
    assert deployer.status().state == "running"
    (pod,) = (pod for name, pod in google.pods.items() if "-v1-" in name)
    metrics = requests.get(f"http://127.0.0.1:{pod.metrics_port}/metrics", timeout=5).text
    assert 'faces_model{version="1"} 1.0' in metrics, "collected without a token"
    assert "secret-1" not in str(google.service), "the token is in Secret Manager only"


def test_versions_roll_out_and_back_without_a_failed_request(
    google: CloudRun, deployer: Any, portable: bytes
) -> None:
    with clients(f"{google.url}/run") as (failed, versions):
        replaced = deployer.deploy(artifact(portable, 2), None).replaced
        revisions = len(google.revisions)
        assert deployer.restore(replaced, instead_of="2")
        assert not deployer.restore(replaced, instead_of="2"), "another version is live"
    assert not failed, failed[:3]
    assert versions[0] == versions[-1] == "1"
    assert "2" in versions
    assert len(google.revisions) == revisions, "the previous revision answers again"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"image": "registry/serving:2"}, r"cannot start: .*ErrImagePull"),
        ({"service_account": email("mlflow")}, r"\(403\): this identity lacks a role"),
    ],
)
def test_a_version_that_does_not_start_leaves_the_live_one(
    change: dict[str, str],
    cause: str,
    google: CloudRun,
    deployer: Any,
    portable: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from components.deployers.cloud_run import api

    monkeypatch.setattr(api, "RETRY_SECONDS", 1.0)
    monkeypatch.setattr(deployer, "_config", deployer.config.model_copy(update=change))
    with (
        clients(f"{google.url}/run") as (failed, versions),
        pytest.raises(OperationError, match=f"version 3: .*{cause}.*; version 1 stays live"),
    ):
        deployer.deploy(artifact(portable, 3), None)
    assert not failed
    assert set(versions) == {"1"}
    assert deployer.served_version() == "1"


def test_who_may_not_change_the_service_is_reported(
    google: CloudRun, deployer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from components.deployers.cloud_run import api

    monkeypatch.setattr(api, "RETRY_SECONDS", 0.1)
    others = {grant for grant in google.identities.granted if grant.role != "roles/run.developer"}
    monkeypatch.setattr(google.identities, "granted", others)
    with pytest.raises(OperationError, match=r"refused to read the service of .*\(403\)"):
        deployer.served_version()
    monkeypatch.setattr(google, "identities", Identities(tmp_path))
    with pytest.raises(OperationError, match=r"\(401\): the login was rejected"):
        deployer.served_version()


def test_a_canary_receives_its_share_and_both_versions_answer_each_request(
    google: CloudRun, deployer: Any, portable: bytes
) -> None:
    with clients(f"{google.url}/run") as (failed, _):
        deployer.start_beside(artifact(portable, 2), share=0.0)
        assert (deployer.served_version(), deployer.beside()) == ("1", "2")
        deployer.start_beside(artifact(portable, 2), share=0.5)
        assert (deployer.served_version(), deployer.beside()) == ("1", "2")
        answers = {ask(f"{google.url}/run", f"canary-{i}") for i in range(20)}
        assert answers == {"1", "2"}
        deployer.deploy(artifact(portable, 2), None)
        deployer.start_beside(artifact(portable, 1), share=0.0)
        deployer.stop_beside()
    assert not failed, failed[:3]
    assert (deployer.served_version(), deployer.beside()) == ("2", None)
    deadline = time.monotonic() + 20
    while len((found := captured(deployer)).shadows) < 20:
        assert time.monotonic() < deadline, "both answers reach the bucket"
        time.sleep(0.5)
    answered = found.table.set_index("request")["version"]
    assert {(answered[r], other) for r, (other, _) in found.shadows.items()} == PAIRS


def test_without_requests_no_container_runs_and_the_next_request_starts_one(
    google: CloudRun, deployer: Any
) -> None:
    url, count = f"{google.url}/run", 3
    for number in range(count):
        ask(url, f"idle-{number}")
    send_feedback(url, "idle-0", ["s1"], headers={"Authorization": "Bearer secret-2"})
    google.scale_to_zero()
    assert not google.pods
    found = captured(deployer).table
    assert sum(found["request"].str.startswith("idle-")) == count, "uploaded when they ended"
    assert ask(url, "idle-again") == "2"


def test_a_stopped_endpoint_starts_again(google: CloudRun, deployer: Any) -> None:
    deployer.stop()
    assert deployer.status().state == "stopped"
    deployer.start()
    assert deployer.status().state == "running"
    with pytest.raises(OperationError, match="version 2 is still served"):
        deployer.delete_models([2])
    assert deployer.delete_models([1]) == 1
    assert deployer.restore(None, instead_of="2")
    assert deployer.served_version() is None
