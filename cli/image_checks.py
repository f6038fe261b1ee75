"""Try the container images as they are used: train, serve, forward an alert, track experiments."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from cli.buildah import TIMEOUT_SECONDS, container_of, end_container, run
from cli.runtime_env import ROOT
from components.deployers.container_images import MLFLOW, PIPELINES, SERVING
from faces.errors import OperationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Answer = TypeVar("Answer")

PORT, MLFLOW_PORT, FORWARDER_PORT, USER = 9020, 9021, 9022, 10001
CODE = (
    "cli", "components", "configs", "faces", "pipelines", "serving", "stacks", "steps", "store",
    "run.py",
)  # fmt: skip
"""What a run needs of this folder; on Vertex AI it comes from the artifact store."""

TRAIN = (
    "cd /app && /venv/bin/python run.py --pipeline training --data synthetic "
    "--summary /tmp/summary.json >/tmp/output.txt 2>&1 || { cat /tmp/output.txt >&2; exit 1; }; "
    "id -u; cat /tmp/summary.json"
)
USED_LATER = """
import cv2, numpy, pandas
from faces.data.detection import cascade, eyes
from faces.reports.evidently_report import evidently_report
from zenml.integrations.gcp.orchestrators import VertexOrchestrator
table = pandas.DataFrame({"feature": numpy.arange(60.0)})
assert "<script" in evidently_report(table, table, 0.05)[1]
for name in (cascade.CASCADE, *eyes.CASCADES):
    assert not cv2.CascadeClassifier(cv2.data.haarcascades + name).empty(), name
"""
"""What training does not use: Evidently's report, OpenCV, and the clients of Vertex AI."""


def check_pipelines() -> str:
    """Train on synthetic faces in the image: every step of the pipeline, as the image's user.

    Returns:
        What it did, as one line.

    Raises:
        OperationError: If the run fails, or another user ran it.
    """
    code = [option for name in CODE for option in ("--volume", f"{ROOT}/{name}:/app/{name}:ro")]
    with container_of(PIPELINES) as name:
        inside = ("buildah", "run", "--network", "host", *code, name, "--")
        run(*inside, "/venv/bin/python", "-c", USED_LATER)
        output = run(*inside, "sh", "-c", TRAIN)
    user, _, summary = output.partition("\n")
    model = json.loads(summary)["model"]
    if int(user) != USER or model["stage"] != "production":
        raise OperationError(f"the image {PIPELINES}, as user {user}: {model}")
    return f"{PIPELINES} trained version {model['version']}, as user {user}"


def check_serving() -> str:
    """Serve a model as a pod would, and ask for a prediction.

    Returns:
        Its answer, as one line.

    Raises:
        OperationError: If the server does not respond or captures nothing.
    """
    from faces.client import send_faces

    pixels, model = _train()
    with tempfile.TemporaryDirectory() as folder:
        bucket = Path(folder)
        (bucket / "1.npz").write_bytes(model)
        bucket.chmod(0o777)
        options = ("--volume", f"{bucket}:/bucket", *_environment(model))
        command = ("/venv/bin/python", "-m", "serving.container", "/data")
        with container_of(SERVING) as name, _running(name, options, *command):
            url = f"http://127.0.0.1:{PORT}"
            prediction = _repeat(lambda: send_faces(url, pixels), SERVING, TIMEOUT_SECONDS)
        captured = list(bucket.glob("*.faces"))
        if not captured or captured[0].stat().st_uid != USER:
            raise OperationError(f"the image {SERVING} captured nothing, or as another user")
    return f"{SERVING} answered: {prediction.predicted[0]}, version {prediction.version}"


def check_forwarder() -> str:
    """Forward an alert of Google Cloud to a webhook on this machine, in the endpoint's image.

    Returns:
        What arrived, as one line.

    Raises:
        OperationError: If nothing arrives.
    """
    import requests

    from serving import alert_forwarder as forwarder

    incident = {"state": "closed", "summary": "a test of the image"}
    with HTTPServer(("127.0.0.1", 0), _Webhook) as webhook, container_of(SERVING) as name:
        Thread(target=webhook.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{webhook.server_port}"
        variables = {forwarder.WEBHOOK: url, forwarder.PASSWORD: "a-long-password"}
        options = _options({**variables, forwarder.PORT: str(FORWARDER_PORT)})
        with _running(name, options, "/venv/bin/python", "-m", forwarder.__name__):
            _repeat(
                lambda: requests.post(
                    f"http://127.0.0.1:{FORWARDER_PORT}",
                    json={"version": "1.2", "incident": incident},
                    auth=(forwarder.USER, "a-long-password"),
                    timeout=TIMEOUT_SECONDS,
                ).raise_for_status(),
                SERVING,
                TIMEOUT_SECONDS,
            )
    return f"{SERVING} forwarded: {json.loads(_Webhook.received)['text']}"


class _Webhook(BaseHTTPRequestHandler):
    """Receives one alert."""

    received = b""

    def do_POST(self) -> None:
        type(self).received = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def check_mlflow() -> str:
    """Start the MLflow server with a login, and ask it for its experiments.

    Returns:
        Its answer, as one line.

    Raises:
        OperationError: If it does not respond.
    """
    accounts = "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:////tmp/accounts.db\n"
    accounts += "admin_username = faces\nadmin_password = a-long-password\n"
    accounts += "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    with tempfile.TemporaryDirectory() as folder, container_of(MLFLOW) as name:
        file = Path(folder) / "basic_auth.ini"
        file.write_text(accounts)
        Path(folder).chmod(0o755)
        options = (
            "--volume", f"{folder}:/accounts:ro",
            "--env", "MLFLOW_AUTH_CONFIG_PATH=/accounts/basic_auth.ini",
            "--env", "MLFLOW_FLASK_SERVER_SECRET_KEY=secret",
        )  # fmt: skip
        command = (
            "python", "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(MLFLOW_PORT),
            "--workers", "1", "--app-name", "basic-auth",
            "--backend-store-uri", "sqlite:////tmp/mlflow.db",
        )  # fmt: skip
        url = f"http://127.0.0.1:{MLFLOW_PORT}/api/2.0/mlflow/experiments/search?max_results=1"
        with _running(name, options, *command):
            experiments = _repeat(lambda: _experiments(url), MLFLOW, 4 * TIMEOUT_SECONDS)
    return f"{MLFLOW} answered: {experiments[0]['name']}"


def _experiments(url: str) -> list[dict[str, Any]]:
    """Return what the MLflow server lists."""
    import requests

    response = requests.get(url, auth=("faces", "a-long-password"), timeout=5)
    response.raise_for_status()
    experiments: list[dict[str, Any]] = response.json()["experiments"]
    return experiments


def _train() -> "tuple[NDArray[np.float32], bytes]":
    """Return a face (1, 4096), and a portable model that knows it."""
    from faces.data.dataset import load_faces
    from faces.models import build_model
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features
    from faces.runtime.portable import write_portable

    faces = load_faces("synthetic", people=5, images=6)
    model = build_model("svm")
    features = fit_features(model, faces.pixels, faces.labels)
    fitted = fit_classifier(model, features, faces.pixels, faces.labels)
    return faces.pixels[:1], write_portable(export_model(fitted, {}))


def _environment(model: bytes) -> list[str]:
    """Return buildah's options that say what to serve."""
    from components.deployers.settings import CaptureSettings, EndpointSettings, ServingSettings
    from faces.runtime.portable import file_hash
    from serving.container import MODEL, SETTINGS

    serving = ServingSettings(
        endpoint=EndpointSettings(port=PORT), capture=CaptureSettings(capture_uri="file:///bucket")
    )
    variables = {
        SETTINGS: json.dumps(asdict(serving.for_server("face-recognizer", "/data"))),
        MODEL: json.dumps(
            {"version": "1", "uri": "file:///bucket/1.npz", "hash": file_hash(model)}
        ),
    }
    return _options(variables)


def _options(variables: Mapping[str, str]) -> list[str]:
    """Return buildah's options that set environment variables."""
    return [option for item in variables.items() for option in ("--env", "=".join(item))]


@contextmanager
def _running(container: str, options: Sequence[str], *command: str) -> Iterator[None]:
    """Run a command in a container, and end it as Kubernetes ends a pod."""
    server = subprocess.Popen(
        ["buildah", "run", "--network", "host", *options, container, "--", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        end_container(server)


def _repeat(request: Callable[[], Answer], image: str, seconds: float) -> Answer:
    """Repeat a request until the server in a container answers it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return request()
        except (OSError, OperationError) as error:
            if time.monotonic() > deadline:
                raise OperationError(f"the image {image} does not respond: {error}") from error
            time.sleep(0.2)
