"""The stack aws without an account: S3 by moto, the fake of Kubernetes, steps run here."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.runtime_env import ROOT
from components.deployers.container_images import SERVING, image_name
from tests.conftest import isolated_zenml, run_pipeline
from tests.gcp.conftest import Run

if TYPE_CHECKING:
    from tests.gcp.doubles.kubernetes import Kubernetes

collect_ignore_glob = [] if find_spec("moto") else ["test_*.py"]
"""These tests have their own environment: make test-aws."""

BUCKET, CAPTURED, NAMESPACE = "faces-artifacts", "faces-captured", "faces"
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SERVER = Path(ROOT) / ".venv-aws-serving" / "bin" / "python"
"""The endpoint's packages, and s3fs."""


@dataclass(frozen=True)
class Cloud:
    """The cluster, and the endpoint's token."""

    kubernetes: "Kubernetes"
    token: str


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Start S3 and the cluster, and register the stack."""
    from moto.server import ThreadedMotoServer

    from tests.gcp.doubles.handler import OneToken
    from tests.gcp.doubles.kubernetes import kubernetes

    folder = tmp_path_factory.mktemp("aws")
    with ExitStack() as stack:
        stack.enter_context(isolated_zenml(folder / "zenml"))
        storage = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        storage.start()
        stack.callback(storage.stop)
        host, port = storage.get_host_and_port()
        account = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "faces",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        os.environ.update(account)
        create_buckets()
        node = account | {name: os.environ[name] for name in ("PATH", "HOME")}
        access = OneToken(secrets.token_urlsafe(24))
        cluster = stack.enter_context(kubernetes(folder, NAMESPACE, access, node))
        cluster.python = SERVER
        cluster.images.add(image_name(REGISTRY, SERVING))
        os.environ.update(
            AWS_BUCKET=BUCKET,
            AWS_CAPTURED_BUCKET=CAPTURED,
            AWS_REGISTRY=REGISTRY,
            AWS_CLUSTER="faces",
            MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db",
            SELDON_URL=cluster.url,
        )
        yield Cloud(cluster, prepare(cluster, access.token))


def create_buckets() -> None:
    import boto3

    for bucket in (BUCKET, CAPTURED):
        boto3.client("s3").create_bucket(Bucket=bucket)


def prepare(cluster: "Kubernetes", cluster_token: str) -> str:
    """Do the setup of docs/aws.md, with ZenML's local orchestrator; return the endpoint's token."""
    from rich.console import Console
    from zenml.client import Client
    from zenml.enums import StackComponentType

    from cli.stacks import register_all

    client, token = Client(), secrets.token_urlsafe(24)
    client.create_secret("mlflow", {"username": "faces", "password": "secret"})
    client.create_secret("endpoint", {"token": token, "feedback_operator": "operator"})
    client.create_secret("alerts", {"url": "http://127.0.0.1:9/"})
    register_all(Console(file=sys.stderr))
    client.create_service_connector(
        name="eks",
        connector_type="kubernetes",
        auth_method="token",
        configuration={"server": cluster.url, "token": cluster_token, "cluster_name": "faces"},
    )
    client.update_stack_component(
        "aws-seldon",
        StackComponentType.MODEL_DEPLOYER,
        connector_id=client.get_service_connector("eks").id,
        connector_resource_id="faces",
    )
    client.update_stack("aws", component_updates={StackComponentType.ORCHESTRATOR: ["default"]})
    return token


@pytest.fixture(scope="session")
def run(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a pipeline as run.py does, on the aws stack by default."""

    def run_here(pipeline: str, text: str = "", stack: str = "aws", **args: Any) -> dict[str, Any]:
        return run_pipeline(tmp_path_factory.mktemp("config"), pipeline, text, stack=stack, **args)

    return run_here
