"""A real MLflow server notifies the receiver, and the version with the alias is deployed."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from cryptography.fernet import Fernet
from mlflow import MlflowClient

from cli.alias_receiver import Receiver
from components.tracking.mlflow_webhook import CHAMPION, Deliveries, register
from faces import NAME
from faces.errors import UserError
from tests.conftest import isolated_zenml, running

SECRET = secrets.token_hex(16)


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[None]:
    """Three versions in ZenML; the third has not passed the gate."""
    from stacks.databases import create_zenml_database
    from store.production import REGISTRY_VERSION
    from store.versions import create_version, require_version, set_production_stage

    with isolated_zenml(tmp_path / "zenml"):
        create_zenml_database()
        for number in (1, 2, 3):
            create_version([], {REGISTRY_VERSION: str(number)}, [], "")
        first, second = require_version(1), require_version(2)
        assert set_production_stage(first, instead_of=None)
        assert set_production_stage(second, instead_of=first)
        yield


@pytest.fixture
def mlflow_server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An MLflow server whose webhooks may go to loopback; ZenML's versions are made meanwhile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db",
    ]  # fmt: skip
    environment = os.environ | {
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (tmp_path / "mlflow.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        request.getfixturevalue("versions")
        yield wait_for(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(20)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(600):
        assert process.poll() is None
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return url
        except requests.ConnectionError:
            time.sleep(0.1)
    raise TimeoutError(url)


def test_a_moved_alias_deploys_its_version(
    mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import champion_deployment
    from components.tracking.mlflow import MLflowTracker
    from store.versions import production_version

    deployed: list[int] = []

    def deploy(number: int) -> str:
        deployed.append(number)
        return ""

    def move_to(version: str) -> None:
        client.set_registered_model_alias(NAME, CHAMPION, version)
        assert receiver.moved.wait(20)
        receiver.moved.clear()
        champion_deployment.deploy_champion(deploy)

    database = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setattr(MLflowTracker, "tracking_uri", lambda tracker: database)
    monkeypatch.setattr(champion_deployment, "active_tracker", MLflowTracker)
    deployer = SimpleNamespace(served_version=lambda: "2")
    monkeypatch.setattr(champion_deployment, "active_deployer", lambda: deployer)
    files = MlflowClient(tracking_uri=database, registry_uri=database)
    files.create_registered_model(NAME)
    for number in (1, 2, 3):
        files.create_model_version(NAME, str(tmp_path / str(number)))
    client = MlflowClient(tracking_uri=mlflow_server, registry_uri=mlflow_server)
    with Receiver(("127.0.0.1", 0), Deliveries(SECRET)) as receiver, running(receiver) as url:
        with pytest.raises(UserError, match="did not accept the webhook"):
            register(mlflow_server, NAME, "ftp://127.0.0.1", SECRET)
        register(mlflow_server, NAME, "http://127.0.0.1:1", "another secret")
        register(mlflow_server, NAME, url, SECRET)
        move_to("1")
        production = production_version()
        assert production is not None
        assert (production.number, deployed) == (1, [1])
        with pytest.raises(UserError, match="version 3 has not passed the promotion gate"):
            move_to("3")
        client.set_registered_model_alias(NAME, "another", "2")
        assert not receiver.moved.wait(0.5)
    assert deployed == [1]
