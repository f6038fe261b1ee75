"""Build the container images without a container engine, and try each.

It needs Debian's packages buildah and debootstrap, and root. The base image is made by debootstrap,
so that nothing is pulled from a registry. With an engine, use docker build as the Dockerfiles say.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cli.buildah import PREFIX, TIMEOUT_SECONDS, container_of, end_container, run
from cli.console import make_console
from cli.exit_codes import exit_code
from cli.runtime_env import ROOT
from cli.sbom import write_sbom
from cli.subcommand import make_parser
from components.deployers.container_images import DOCKERFILES, MLFLOW, PIPELINES, SERVING
from faces.errors import OperationError, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from requests import Response

    from faces.client import Prediction

BASE = "localhost/face-recognizer-slim-base"
CERTIFICATES = "/etc/ssl/certs"
DEBIAN_PACKAGES = "python3,python3-venv,ca-certificates"
UNNEEDED = (
    "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*", "var/log/*.log", "usr/share/man/*",
    "usr/share/locale/*", "usr/share/doc/*/[!c]*",
)  # fmt: skip
"""Files of the base that no container needs; copyrights are kept."""

PORT, MLFLOW_PORT, USER = 9020, 9021, 10001
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

console = make_console()


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; build and try the images.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("build-images", __doc__)
    parser.add_argument("--base", help="an image with Python, instead of a base made here")
    parser.add_argument(
        "--sbom",
        type=Path,
        default=Path(ROOT) / "build",
        help="folder for the lists of packages",
    )
    args = parser.parse_args(arguments)
    os.umask(0o022)  # the users of the containers must be able to read what is in the images
    os.environ |= {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
    return exit_code(lambda: build_all(args.base, args.sbom))


def build_all(base: str | None, folder: Path) -> None:
    """Build the images and try them.

    Args:
        base: Name of an image with Python to build on; None makes one of Debian's packages.
        folder: Where the lists of packages (SBOM) are written.

    Raises:
        UserError: If a tool is missing.
        OperationError: If an image cannot be built, or does not work.
    """
    for tool in ("buildah", *([] if base else ["debootstrap"])):
        if shutil.which(tool) is None:
            raise UserError(f"{tool} is not installed: apt-get install buildah debootstrap")
    base = base or make_base()
    for name, dockerfile in DOCKERFILES.items():
        with console.status(f"building {name} (minutes) …"):
            run(
                "buildah", "bud", "--layers", "--network", "host", "--build-arg", f"BASE={base}",
                "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--file", dockerfile,
                "--tag", f"{PREFIX}{name}", ".",
            )  # fmt: skip
        size = json.loads(run("buildah", "images", "--json", f"{PREFIX}{name}"))[0]["size"]
        packages = write_sbom(name, folder)
        console.print(f"built {name}: {size}, {packages} packages")
    with console.status("trying the images …"):
        try_pipelines()
        try_serving()
        try_mlflow()


def make_base() -> str:
    """Make a Debian image with Python, once.

    Returns:
        The image's name.

    Raises:
        OperationError: If a package cannot be downloaded.
    """
    if subprocess.run(["buildah", "inspect", BASE], capture_output=True).returncode == 0:
        return BASE
    with tempfile.TemporaryDirectory() as folder, console.status("making a base (a minute) …"):
        root, packages = Path(folder) / "root", f"--include={DEBIAN_PACKAGES}"
        run("debootstrap", "--variant=minbase", packages, "bookworm", str(root))
        for path in [path for pattern in UNNEEDED for path in root.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        container = run("buildah", "from", "scratch").strip()
        run("buildah", "add", "--quiet", container, str(root), "/")
        run("buildah", "commit", "--quiet", "--rm", container, BASE)
    return BASE


def try_pipelines() -> None:
    """Train on synthetic faces in the image: every step of the pipeline, as the image's user.

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
    console.print(f"{PIPELINES} trained version {model['version']}, as user {user}")


def try_serving() -> None:
    """Serve a model as a pod would, and ask for a prediction.

    Raises:
        OperationError: If the server does not respond or captures nothing.
    """
    pixels, model = _train()
    with tempfile.TemporaryDirectory() as folder:
        bucket = Path(folder)
        (bucket / "1.npz").write_bytes(model)
        bucket.chmod(0o777)
        with _serving(bucket, _environment(model)):
            prediction = _predict(pixels)
        captured = list(bucket.glob("*.faces"))
        if not captured or captured[0].stat().st_uid != USER:
            raise OperationError(f"the image {SERVING} captured nothing, or as another user")
    console.print(f"{SERVING} answered: {prediction.predicted[0]}, version {prediction.version}")


def try_mlflow() -> None:
    """Start the MLflow server with a login, and ask it for its experiments.

    Raises:
        OperationError: If it does not respond.
    """
    import requests

    accounts = "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:////tmp/accounts.db\n"
    accounts += "admin_username = faces\nadmin_password = a-long-password\n"
    accounts += "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    with tempfile.TemporaryDirectory() as folder, container_of(MLFLOW) as name:
        file = Path(folder) / "basic_auth.ini"
        file.write_text(accounts)
        Path(folder).chmod(0o755)
        command = (
            "buildah", "run", "--network", "host", "--volume", f"{folder}:/accounts:ro",
            "--env", "MLFLOW_AUTH_CONFIG_PATH=/accounts/basic_auth.ini",
            "--env", "MLFLOW_FLASK_SERVER_SECRET_KEY=secret", name, "--", "python", "-m", "mlflow",
            "server", "--host", "127.0.0.1", "--port", str(MLFLOW_PORT), "--workers", "1",
            "--app-name", "basic-auth", "--backend-store-uri", "sqlite:////tmp/mlflow.db",
        )  # fmt: skip
        server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        url = f"http://127.0.0.1:{MLFLOW_PORT}/api/2.0/mlflow/experiments/search?max_results=1"
        try:
            response = _get(lambda: requests.get(url, auth=("faces", "a-long-password"), timeout=5))
        finally:
            end_container(server)
    console.print(f"{MLFLOW} answered: {response.json()['experiments'][0]['name']}")


def _get(request: "Callable[[], Response]") -> "Response":
    """Repeat a request until it is answered with 200."""
    deadline = time.monotonic() + 4 * TIMEOUT_SECONDS
    while True:
        with suppress(OSError):
            if (response := request()).ok:
                return response
        if time.monotonic() > deadline:
            raise OperationError(f"the image {MLFLOW} does not respond")
        time.sleep(0.5)


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
    return [option for item in variables.items() for option in ("--env", "=".join(item))]


@contextmanager
def _serving(bucket: Path, environment: list[str]) -> Iterator[None]:
    """Run the server in a container, and end it as Kubernetes ends a pod."""
    with container_of(SERVING) as name:
        server = subprocess.Popen(
            [
                "buildah", "run", "--network", "host", "--volume", f"{bucket}:/bucket",
                *environment, name, "--", "/venv/bin/python", "-m", "serving.container", "/data",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            yield
        finally:
            end_container(server)


def _predict(pixels: "NDArray[np.float32]") -> "Prediction":
    """Send a face until the server answers."""
    from faces.client import send_faces

    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            return send_faces(f"http://127.0.0.1:{PORT}", pixels)
        except OperationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
