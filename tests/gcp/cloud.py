"""Everything that the gcp stack needs, on loopback, and the environment for its YAML."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.deployers.container_images import PIPELINES, SERVING, image_name
from tests.conftest import isolated_zenml
from tests.gcp.doubles.chat import Chat, incoming_webhook
from tests.gcp.doubles.cloud_run import CloudRun, cloud_run
from tests.gcp.doubles.grants import DEVELOPER
from tests.gcp.doubles.identity import PROJECT, Identities, email
from tests.gcp.doubles.kubernetes import Kubernetes, kubernetes
from tests.gcp.doubles.mlflow import Tracking, mysql_server, tracking
from tests.gcp.doubles.storage import storage
from tests.gcp.doubles.vertex import Vertex, vertex
from tests.gcp.doubles.zenml import zenml_server

REGION, BUCKET, CAPTURED = "europe-west1", "faces-artifacts", "faces-captured"
NAMESPACE, CONNECTOR = "faces", "gke"
ACCOUNT, SERVING_ACCOUNT = email("pipelines"), email("serving")
CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
SERVICE = f"projects/{PROJECT}/locations/{REGION}/services/face-recognizer"
REGISTRY = f"{REGION}-docker.pkg.dev/{PROJECT}/face-recognizer"
REDIRECT = Path(__file__).parent / "redirect"

IMAGE = {
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    "PYTHONUNBUFFERED": "1",
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
    "ZENML_PARAMETER_SIZE_THRESHOLD": "-1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}
"""Environment variables that pipelines/Dockerfile sets."""

MACHINE = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS")}
FACES = {k: os.environ[k] for k in ("SCIKIT_LEARN_DATA",) if k in os.environ}
"""Without this, steps would download the faces."""


@dataclass(frozen=True)
class Cloud:
    """The running doubles, the identities, and the endpoint's bearer token."""

    identities: Identities
    vertex: Vertex
    kubernetes: Kubernetes
    run: CloudRun
    tracking: Tracking
    chat: Chat
    storage: str
    token: str


def missing() -> str | None:
    """Return what is missing on this machine, as the end of a sentence; None if nothing."""
    if os.getuid() != 0:
        return "needs root: each node has its own file system"
    if mysql_server() is None:
        return "needs a database server: apt-get install mariadb-server"
    return None


@contextmanager
def cloud() -> Iterator[Cloud]:
    """Start everything, set the environment as described in docs/gcp.md, register the stack."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faces-gcp-")))
        stack.enter_context(isolated_zenml(folder / "zenml"))
        ambient: dict[str, str] = {"PATH": os.environ["PATH"], "HOME": str(folder), **MACHINE}
        bucket = stack.enter_context(storage(folder, ambient, [BUCKET, CAPTURED]))
        identities = Identities(folder)

        def acting_as(identity: str) -> dict[str, str]:
            return {**ambient, CREDENTIALS: str(identities.create(identity))}

        server = stack.enter_context(zenml_server(folder, acting_as("zenml")))
        mlflow = {**acting_as("mlflow"), "PYTHONPATH": str(REDIRECT)}
        tracked = stack.enter_context(tracking(folder, mlflow, f"gs://{BUCKET}/mlflow"))
        chat = stack.enter_context(incoming_webhook())
        endpoint = secrets.token_urlsafe(24)
        pod = {**acting_as("serving"), **IMAGE}
        cluster = stack.enter_context(kubernetes(folder, NAMESPACE, identities, pod))
        cluster.images.add(image_name(REGISTRY, SERVING))
        jobs = stack.enter_context(vertex(folder, identities, image_name(REGISTRY, PIPELINES)))
        run = stack.enter_context(cloud_run(folder, SERVICE, identities, pod))
        run.images.add(image_name(REGISTRY, SERVING))
        run.secrets = {"face-recognizer-token": [], "face-recognizer-feedback": []}
        redirected = {
            "VERTEX_DOUBLE": jobs.url, "RUN_DOUBLE": run.url, "PYTHONPATH": str(REDIRECT),
        }  # fmt: skip
        jobs.node = {**acting_as("pipelines"), **IMAGE, **FACES, **redirected}
        developer = acting_as(DEVELOPER)
        os.environ.update(
            {name: value for name, value in developer.items() if name not in ("PATH", "HOME")}
        )
        os.environ.update(server | redirected)
        os.environ.update(
            GCP_PROJECT=PROJECT,
            GCP_REGION=REGION,
            GCP_BUCKET=BUCKET,
            GCP_CAPTURED_BUCKET=CAPTURED,
            GCP_SERVICE_ACCOUNT=ACCOUNT,
            GCP_SERVING_ACCOUNT=SERVING_ACCOUNT,
            MLFLOW_TRACKING_URI=tracked.url,
            SELDON_URL=cluster.url,
        )
        running = Cloud(identities, jobs, cluster, run, tracked, chat, bucket, endpoint)
        prepare(running)
        yield running


def prepare(cloud: Cloud) -> None:
    """Do the setup of docs/gcp.md: secrets, the connector to the cluster, the stack.

    The connector lends steps the identity of the ZenML server, without a key.
    """
    from rich.console import Console
    from zenml.client import Client
    from zenml.enums import StackComponentType

    from cli import remote_run
    from cli.stacks import register_all
    from tests.gcp.redirect.sitecustomize import redirect

    redirect()
    remote_run.POLL_SECONDS = 0.5
    client = Client()
    login = {"username": cloud.tracking.username, "password": cloud.tracking.password}
    client.create_secret("mlflow", login)
    operator = secrets.token_urlsafe(24)
    client.create_secret("endpoint", {"token": cloud.token, "feedback_operator": operator})
    client.create_secret("alerts", {"url": cloud.chat.url})
    register_all(Console())
    client.create_service_connector(
        name=CONNECTOR,
        connector_type="kubernetes",
        auth_method="token",
        configuration={
            "server": cloud.kubernetes.url,
            "token": cloud.identities.token("zenml"),
            "cluster_name": "faces",
        },
    )
    client.update_stack_component(
        "gcp-seldon",
        StackComponentType.MODEL_DEPLOYER,
        connector_id=client.get_service_connector(CONNECTOR).id,
        connector_resource_id="faces",
    )
