"""Build both images without a container engine, and try each: an answer, and a step.

    make images

It needs Debian's packages buildah and debootstrap, and root. The base is made by debootstrap, so
that nothing is pulled from a registry; with an engine, say docker build as the Dockerfiles tell.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console

from cli.exit_codes import exit_code
from cli.runtime_env import ROOT
from components.deployers.container_images import PIPELINES, SERVING
from faces.errors import OperationError, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from faces.client import Prediction


BASE = "localhost/face-recognizer-base"
IMAGES = {SERVING: "serving/Dockerfile", PIPELINES: "pipelines/Dockerfile"}
CERTIFICATES = "/etc/ssl/certs"
DEBIAN = "python3,python3-venv,ca-certificates"
PORT, USER = 9020, 10001
TIMEOUT_SECONDS = 30.0
"""Seconds that a container may take to answer, or to end."""

PREFIX = "face-recognizer-"
CODE = (
    "components.alerters",
    "configs",
    "components.deployers",
    "faces",
    "pipelines",
    "serving",
    "stacks",
    "steps",
    "run.py",
)
"""What a run needs of this folder; on Vertex it comes from the artifact store."""

console = Console(highlight=False)


def main() -> int:
    """Make the base if it is missing, build, try."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", help="an image with Python, instead of a base made here")
    args = parser.parse_args()
    os.environ |= {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
    return exit_code(lambda: build_all(args.base))


def build_all(base: str | None) -> None:
    """Build the images and try them. Raises UserError if a tool is missing."""
    for tool in ("buildah", *([] if base else ["debootstrap"])):
        if shutil.which(tool) is None:
            raise UserError(f"{tool} is not installed: apt-get install buildah debootstrap")
    base = base or make_base()
    for name, file in IMAGES.items():
        with console.status(f"building {name} (minutes) …"):
            run(
                "buildah", "bud", "--layers", "--network", "host", "--build-arg", f"BASE={base}",
                "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--file", file,
                "--tag", f"{PREFIX}{name}", ".",
            )  # fmt: skip
        size = json.loads(run("buildah", "images", "--json", f"{PREFIX}{name}"))[0]["size"]
        console.print(f"built {name}: {size}")
    with console.status("trying them …"):
        try_pipelines()
        try_serving()


def make_base() -> str:
    """A Debian with Python, made once."""
    if subprocess.run(["buildah", "inspect", BASE], capture_output=True).returncode == 0:
        return BASE
    with tempfile.TemporaryDirectory() as folder, console.status("making a base (a minute) …"):
        root = Path(folder) / "root"
        run("debootstrap", "--variant=minbase", f"--include={DEBIAN}", "bookworm", str(root))
        container = run("buildah", "from", "scratch").strip()
        run("buildah", "add", "--quiet", container, str(root), "/")
        run("buildah", "commit", "--quiet", "--rm", container, BASE)
    return BASE


def try_pipelines() -> None:
    """Train on synthetic faces in the image, as who it runs as: every step of the pipeline."""
    shell = (
        "cd /app && /venv/bin/python run.py --pipeline training --data synthetic "
        "--summary /tmp/told.json >/tmp/said.txt 2>&1 || { cat /tmp/said.txt >&2; exit 1; }; "
        "id -u; cat /tmp/told.json"
    )
    code = [option for name in CODE for option in ("--volume", f"{ROOT}/{name}:/app/{name}:ro")]
    with container(PIPELINES) as made:
        said = run("buildah", "run", "--network", "host", *code, made, "--", "sh", "-c", shell)
    user, _, told = said.partition("\n")
    model = json.loads(told)["model"]
    if int(user) != USER or model["stage"] != "production":
        raise OperationError(f"the image of pipelines, as user {user}: {model}")
    console.print(f"{PIPELINES} trained version {model['version']}, as user {user}")


def try_serving() -> None:
    """Serve a model that was trained here as a pod would, and ask."""
    from components.deployers.settings import CaptureSettings, EndpointSettings, ServingSettings
    from faces.data.dataset import load_faces
    from faces.models import build_model
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features
    from faces.runtime.portable import file_hash, write_portable
    from serving.container import MODEL, SETTINGS

    faces = load_faces("synthetic", people=5, images=6)
    model = build_model("svm")
    features = fit_features(model, faces.pixels, faces.labels)
    fitted = fit_classifier(model, features, faces.pixels, faces.labels)
    data = write_portable(export_model(fitted, {}))
    requested = ServingSettings(
        endpoint=EndpointSettings(port=PORT), capture=CaptureSettings(capture_uri="file:///bucket")
    )
    settings = requested.for_server("face-recognizer", "/data")
    wanted = {"version": "1", "uri": "file:///bucket/1.npz", "hash": file_hash(data)}
    args = {SETTINGS: json.dumps(asdict(settings)), MODEL: json.dumps(wanted)}
    with container(SERVING) as made, tempfile.TemporaryDirectory() as bucket:
        (Path(bucket) / "1.npz").write_bytes(data)
        os.chmod(bucket, 0o777)
        environment = [option for item in args.items() for option in ("--env", "=".join(item))]
        server = subprocess.Popen(
            [
                "buildah", "run", "--network", "host", "--volume", f"{bucket}:/bucket",
                *environment, made, "--", "/venv/bin/python", "-m", "serving.container", "/data",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            answer = _ask(faces.pixels[:1])
        finally:
            end_pod(server)
        captured = list(Path(bucket).glob("*.faces"))
        if not captured or captured[0].stat().st_uid != USER:
            raise OperationError("the image of the endpoint kept nothing, or as someone else")
    console.print(f"{SERVING} answered: {answer.predicted[0]}, version {answer.version}")


def end_pod(buildah: "subprocess.Popen[bytes]") -> None:
    """Tell the pod to end, as Kubernetes does; buildah, told so, would have it killed at once."""
    inside = psutil.Process(buildah.pid).children(recursive=True)
    pods = [process for process in inside if "python" in process.name()]
    if pods:
        pods[0].terminate()
    buildah.wait(TIMEOUT_SECONDS)


def _ask(pixels: "NDArray[np.float32]") -> "Prediction":
    """Ask until it answers."""
    from faces.client import send_faces

    ends = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            return send_faces(f"http://127.0.0.1:{PORT}", pixels)
        except OperationError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)


@contextmanager
def container(image: str) -> Iterator[str]:
    """A container of an image, for as long as the block lasts."""
    made = run("buildah", "from", f"{PREFIX}{image}").strip()
    try:
        yield made
    finally:
        run("buildah", "rm", made)


def run(*command: str) -> str:
    """Run it. Raises OperationError with its last words if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise OperationError(f"{' '.join(command[:3])} … said {' / '.join(last)!r}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
