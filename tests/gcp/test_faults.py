"""Failures on the gcp stack: one line with cause and remedy, and nothing is lost."""

import http.server
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from components.deployers.base import FaceDeployer
from components.deployers.container_images import SERVING, image_name
from components.deployers.container_settings import container_settings
from components.deployers.endpoint import ModelArtifact, Replaced
from components.deployers.model_store import StoredModel, upload
from components.deployers.seldon_kubernetes import cluster as cluster_module
from components.deployers.settings import ServingSettings
from faces.client import send_faces
from faces.data.dataset import load_faces
from faces.errors import OperationError, UserError
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.capture_format import VERIFICATION
from faces.runtime.portable import file_hash, write_portable
from tests.conftest import running
from tests.gcp.cloud import BUCKET, REGISTRY
from tests.gcp.conftest import Run, clients, url
from tests.gcp.doubles.handler import OneToken, Refused
from tests.gcp.doubles.identity import PROJECT

ROOT = Path(__file__).parent.parent.parent
VERSION = "face-recognizer/version"
SETTINGS = ServingSettings.model_validate({"capture": {"rotate_seconds": 5.0}})


@pytest.fixture(scope="module")
def deployer(cloud: Any) -> FaceDeployer:
    """The gcp stack's deployer, used from this machine."""
    from cli.stacks import select_stack
    from components.deployers.base import active_deployer

    select_stack("gcp")
    return active_deployer()


@pytest.fixture(scope="module")
def portable() -> Any:
    faces = load_faces("synthetic", people=4, images=6)
    model = build_model("svm", components=8)
    features = fit_features(model, faces.pixels, faces.labels)
    return export_model(fit_classifier(model, features, faces.pixels, faces.labels), {})


def artifact(portable: Any, number: int) -> ModelArtifact:
    data = write_portable(portable)
    return ModelArtifact(str(number), data, file_hash(data))


@pytest.fixture(scope="module")
def live(cloud: Any, deployer: FaceDeployer, portable: Any) -> Iterator[str]:
    """Version 101, trained on synthetic faces, is live."""
    deployer.deploy(artifact(portable, 101), SETTINGS)
    yield "101"
    deployer.restore(None, instead_of=deployer.served_version() or "")


def restore_first(deployer: FaceDeployer) -> None:
    """Serve version 101 again."""
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer

    assert isinstance(deployer, SeldonKubernetesDeployer)
    settings = container_settings(SETTINGS, deployer.config, 2)
    assert deployer.restore(Replaced("101", settings), deployer.served_version() or "")


def configure(monkeypatch: pytest.MonkeyPatch, deployer: Any, **config: Any) -> None:
    """Change the deployer's configuration for one test."""
    monkeypatch.setattr(deployer, "_config", deployer.config.model_copy(update=config))


def version(cloud: Any) -> str:
    headers = {"Authorization": f"Bearer {cloud.token}"}
    request = f"{VERIFICATION}version"
    return send_faces(url(cloud), np.zeros((1, 4096)), headers=headers, request=request).version


def test_a_first_deployment_that_fails_is_deleted(cloud: Any, deployer: FaceDeployer) -> None:
    with pytest.raises(OperationError, match="it was deleted again"):
        deployer.deploy(ModelArtifact("1", b"no model", file_hash(b"no model")), SETTINGS)
    assert deployer.served_version() is None
    assert cloud.kubernetes.deployments == {}


def test_a_new_version_rolls_out_and_back_without_a_failed_request(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str
) -> None:
    with clients(cloud) as failed:
        deployer.deploy(artifact(portable, 102), None)
        assert version(cloud) == "102"
        restore_first(deployer)
    assert not failed, failed[:3]
    assert version(cloud) == deployer.served_version() == "101"


def test_a_model_that_cannot_be_served_is_reported_and_rolled_back(
    cloud: Any, deployer: FaceDeployer, live: str
) -> None:
    broken = ModelArtifact("103", b"no model", file_hash(b"no model"))
    with clients(cloud) as failed, pytest.raises(OperationError) as error:
        deployer.deploy(broken, None)
    assert "version 103: pod face-recognizer-" in str(error.value)
    assert "CrashLoopBackOff" in str(error.value)
    assert "last line of its log: " in str(error.value)
    assert "version 101 stays live" in str(error.value)
    assert not failed, failed[:3]
    assert version(cloud) == deployer.served_version() == "101"


def test_a_model_that_was_changed_in_the_bucket_is_not_served(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.deployers.seldon_kubernetes import deployer as module

    def tamper(folder: str, model: ModelArtifact) -> StoredModel:
        stored = upload(folder, model)
        requests.post(
            f"{cloud.storage}/upload/storage/v1/b/{BUCKET}/o",
            params={"uploadType": "media", "name": stored.uri.removeprefix(f"gs://{BUCKET}/")},
            headers={"Authorization": f"Bearer {cloud.identities.token('pipelines')}"},
            data=model.data + b"\0", timeout=5,
        ).raise_for_status()  # fmt: skip
        return stored

    monkeypatch.setattr(module, "upload", tamper)
    with pytest.raises(OperationError, match="is damaged: it does not have its recorded hash"):
        deployer.deploy(artifact(portable, 104), None)
    assert version(cloud) == "101"


def test_a_missing_container_image_is_reported_and_rolled_back(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str
) -> None:
    image = image_name(REGISTRY, SERVING)
    cloud.kubernetes.images.discard(image)
    try:
        with pytest.raises(OperationError, match=r"ErrImagePull.*version 101 stays live"):
            deployer.deploy(artifact(portable, 105), None)
    finally:
        cloud.kubernetes.images.add(image)
    assert version(cloud) == "101"


def test_a_rollout_that_never_becomes_ready_times_out(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.gcp.doubles.pods import Pod

    configure(monkeypatch, deployer, rollout_timeout_seconds=3.0)
    monkeypatch.setattr(Pod, "_probe", lambda self, _: self.labels[VERSION] == "101")
    with pytest.raises(OperationError, match=r"0 of 2 pods are ready after 3 s.*101 stays live"):
        deployer.deploy(artifact(portable, 106), None)
    assert version(cloud) == "101"


def test_a_cluster_that_does_not_respond_is_reported_in_seconds(
    cloud: Any, deployer: FaceDeployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "TIMEOUT_SECONDS", (0.5, 0.5))
    monkeypatch.setattr(cloud.kubernetes, "asleep", True)
    begin = time.monotonic()
    with pytest.raises(
        OperationError, match=r"the cluster at http://.* does not respond.*: is it running"
    ):
        deployer.served_version()
    assert time.monotonic() - begin < 10


def test_a_403_of_the_cluster_is_reported_with_the_missing_role(
    cloud: Any, deployer: FaceDeployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, deployer, namespace="others")
    with pytest.raises(OperationError, match=r"namespace 'others'.*403.*lacks the role 'deployer'"):
        deployer.served_version()
    monkeypatch.undo()
    monkeypatch.setattr(cloud.kubernetes, "access", OneToken("another"))
    with pytest.raises(OperationError, match=r"401 Unauthorized.*the login was rejected"):
        deployer.served_version()


def test_two_deployments_at_the_same_time_do_not_undo_each_other(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.deployers.seldon_kubernetes import deployer as module

    def another_is_quicker(folder: str, model: ModelArtifact) -> StoredModel:
        monkeypatch.setattr(module, "upload", upload)
        deployer.deploy(artifact(portable, 107), None)
        return upload(folder, model)

    monkeypatch.setattr(module, "upload", another_is_quicker)
    with pytest.raises(
        OperationError, match=r"409.*another deployment is in progress.*it was not applied"
    ):
        deployer.deploy(artifact(portable, 110), None)
    assert version(cloud) == deployer.served_version() == "107"
    restore_first(deployer)


def test_nothing_is_deployed_without_a_token(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, deployer, token="")
    with pytest.raises(UserError, match="needs a token: zenml secret create endpoint"):
        deployer.deploy(artifact(portable, 108), SETTINGS)


def test_capture_in_a_folder_of_the_pod_is_rejected(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str
) -> None:
    settings = ServingSettings.model_validate({"capture": {"capture_uri": "/somewhere"}})
    with pytest.raises(UserError, match="capture_uri: /somewhere would be lost with its container"):
        deployer.deploy(artifact(portable, 109), settings)


def test_zenml_lists_stops_and_starts_the_endpoint(
    cloud: Any, deployer: FaceDeployer, portable: Any, live: str
) -> None:
    from zenml.enums import ServiceState

    (service,) = [s for s in deployer.find_model_server() if s.get_prediction_url()]
    assert service.get_prediction_url() == f"{url(cloud)}/api/v1.0/predictions"
    assert service.check_status() == (ServiceState.ACTIVE, "2 of 2 pods are ready")
    info = deployer.get_model_server_info(service)
    assert info["MODEL_VERSION"] == "101"
    assert any("serving version 101" in line for line in service.get_logs(tail=20))
    service.deprovision()
    assert service.check_status()[0] is ServiceState.INACTIVE
    service.provision()
    assert service.check_status()[0] is ServiceState.ACTIVE
    assert version(cloud) == "101"


@pytest.mark.parametrize(
    ("code", "details", "message"),
    [
        (403, "aiplatform.pipelineJobs.create denied", "Google denied permission.*roles"),
        (429, "Quota exceeded for custom_model_training_cpus", "quota is exhausted"),
        (404, "project other is not there", "GCP_PROJECT, GCP_REGION"),
    ],
)
def test_an_error_of_vertex_is_one_line_and_leaves_no_run_running(
    cloud: Any, run: Run, code: int, details: str, message: str
) -> None:
    from zenml.client import Client

    cloud.vertex.refuse = Refused(code, details)
    with pytest.raises(OperationError, match=message) as error:
        run("history")
    assert details in str(error.value)
    assert "\n" not in str(error.value)
    (latest,) = Client().list_pipeline_runs(sort_by="desc:created", size=1).items
    assert latest.status == "failed"


def test_a_step_that_fails_fails_the_run_and_its_log_is_in_the_bucket(
    cloud: Any, run: Run, live: str
) -> None:
    """ZenML has no version 101."""
    from zenml.io import fileio

    with pytest.raises(OperationError, match="version 101 of face-recognizer was deleted") as error:
        run("traffic")
    place = str(error.value).split("its log: ")[1].rstrip(")")
    assert place.startswith(f"gs://{BUCKET}/")
    assert fileio.exists(place)


def test_a_job_that_ends_before_its_step_starts_is_reported(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import remote_run

    monkeypatch.setattr(remote_run, "STATUS_POLL_SECONDS", 1.0)
    monkeypatch.setattr(cloud.vertex, "image", "another")
    message = r"before a step started: Pipeline .* Inner task failed: '.+'.*: see h"
    with pytest.raises(OperationError, match=message):
        run("history")


@pytest.fixture
def command(tmp_path: Path) -> dict[str, str]:
    """The environment of a user's terminal."""
    home = tmp_path / "home"
    home.mkdir()
    return {**os.environ, "HOME": str(home)}


def run_cli(environment: dict[str, str], *arguments: str) -> tuple[int, str, float]:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr, time.monotonic() - begin


def test_missing_credentials_are_reported_in_seconds(cloud: Any, command: dict[str, str]) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        command.pop(name)
    code, output, took = run_cli(command, "--pipeline", "training", "--stack", "gcp")
    assert code == 2
    assert output.strip().splitlines()[-1] == (
        "error: stack 'gcp' is not ready: no Google credentials were found: "
        "gcloud auth application-default login"
    )
    assert took < 30


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a token server that refuses to renew credentials."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"error": "invalid_grant", "error_description": "Token expired"})
            self.send_response(400)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with running(http.server.HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"{address}/token"


def test_expired_credentials_are_reported(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refusing: str
) -> None:
    from components import clouds
    from components.checks import CheckFailed, Component, preflight

    key = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    expired = tmp_path / "expired.json"
    expired.write_text(
        json.dumps({**key, "token_uri": refusing, "universe_domain": "googleapis.com"})
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(expired))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.delenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN")
    with pytest.raises(CheckFailed, match=r"not accepted: .*invalid_grant.*: gcloud auth"):
        preflight(clouds.checks_for([Component("orchestrator", "jobs", "vertex_jobs", {})]))


def test_a_missing_bucket_is_reported_before_anything_runs(cloud: Any) -> None:
    from components import clouds
    from components.checks import CheckFailed, Component, preflight

    store = Component("artifact_store", "store", "gcp", {"path": "gs://missing/zenml"})
    with pytest.raises(
        CheckFailed, match="gs://missing does not exist: gcloud storage buckets create"
    ):
        preflight(clouds.checks_for([store]))


def test_the_stacks_own_bucket_is_checked_before_a_run(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.stacks import select_stack
    from components.clouds import gcp_checks

    checked: list[str] = []
    monkeypatch.setattr(gcp_checks, "check_bucket", checked.append)
    select_stack("gcp")
    assert checked == [f"gs://{BUCKET}/zenml"]


def test_every_check_but_that_of_the_registry_passes(
    cloud: Any,
) -> None:
    from stacks.doctor import check_stack
    from stacks.spec import read_stack

    findings = {finding.part: finding for finding in check_stack(read_stack("gcp", os.environ))}
    assert findings["credentials"].message.endswith(f"project {PROJECT}")
    failed = [part for part, finding in findings.items() if not finding.ok]
    assert failed == ["container images"], [findings[part] for part in failed]


class Breaking(http.server.BaseHTTPRequestHandler):
    """Forwards requests to the bucket, but fails the first uploads."""

    target = ""
    broken = 0

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "/upload/" in self.path and Breaking.broken < 2:
            Breaking.broken += 1
            self.send_error(503)
            return
        headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
        reply = requests.request(
            self.command, Breaking.target + self.path, data=body, headers=headers, timeout=30
        )
        self.send_response(reply.status_code)
        self.send_header("Content-Length", str(len(reply.content)))
        self.send_header("Content-Type", reply.headers.get("Content-Type", ""))
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PUT = do_DELETE = _forward

    def log_message(self, *_: Any) -> None:
        pass


def test_an_interrupted_upload_is_retried(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import gcsfs

    Breaking.target, Breaking.broken = cloud.storage, 0
    data = b"all of it"
    with running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Breaking)) as breaking:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", breaking)
        gcsfs.GCSFileSystem.clear_instance_cache()
        try:
            stored = upload(f"gs://{BUCKET}/models", ModelArtifact("9", data, file_hash(data)))
        finally:
            gcsfs.GCSFileSystem.clear_instance_cache()
    assert Breaking.broken == 2
    monkeypatch.undo()
    assert gcsfs.GCSFileSystem().cat_file(stored.uri) == data
