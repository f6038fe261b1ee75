"""Build both images without a container engine, and try each: an answer, and a step.

    make images

It needs Debian's packages buildah and debootstrap, and root. The base is made by debootstrap, so
that nothing is pulled from a registry; with an engine, say docker build as the Dockerfiles tell.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from faces.errors import FailedError, InputError
from scripts.telling import exit_code
from stacks.environment import ROOT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from serving.client import Answer

BASE = "localhost/face-recognizer-base"
IMAGES = {
    "face-recognizer-serving": "serving/Dockerfile",
    "face-recognizer-pipelines": "pipelines/Dockerfile",
}
CERTIFICATES = "/etc/ssl/certs"
DEBIAN = "python3,python3-venv,ca-certificates"
PORT, USER = 9020, 10001

console = Console(highlight=False)


def main() -> int:
    """Make the base if it is missing, build, try."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", help="an image with Python, instead of a base made here")
    given = parser.parse_args()
    os.environ |= {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
    return exit_code(lambda: build_all(given.base))


def build_all(base: str | None) -> None:
    """Build the images and try them. Raises InputError if a tool is missing."""
    for tool in ("buildah", *([] if base else ["debootstrap"])):
        if shutil.which(tool) is None:
            raise InputError(f"{tool} is not installed: apt-get install buildah debootstrap")
    base = base or make_base()
    for name, file in IMAGES.items():
        with console.status(f"building {name} (minutes) …"):
            run(
                "buildah", "bud", "--layers", "--network", "host", "--build-arg", f"BASE={base}",
                "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--file", file, "--tag", name, ".",
            )  # fmt: skip
        size = json.loads(run("buildah", "images", "--json", name))[0]["size"]
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
        "/venv/bin/python run.py --pipeline training --data synthetic --summary /tmp/told.json "
        ">/tmp/said.txt 2>&1 || { cat /tmp/said.txt >&2; exit 1; }; id -u; cat /tmp/told.json"
    )
    user, _, told = in_container("face-recognizer-pipelines", "sh", "-c", shell).partition("\n")
    model = json.loads(told)["model"]
    if int(user) != USER or model["stage"] != "production":
        raise FailedError(f"the image of pipelines, as user {user}: {model}")
    console.print(f"face-recognizer-pipelines trained version {model['version']}, as user {user}")


def try_serving() -> None:
    """Serve a model that was trained here, as the image's own user, and ask."""
    from faces.dataset import load_faces
    from faces.export import export_model
    from faces.models import build_model
    from faces.portable import file_hash, stamped, write_portable
    from faces.training import fit_classifier, fit_features
    from serving.settings import ServerSettings, point_to, write_settings

    faces = load_faces("synthetic", people=5, images=6)
    model = build_model("svm")
    features = fit_features(model, faces.pixels, faces.subjects)
    fitted = fit_classifier(model, features, faces.pixels, faces.subjects)
    data = write_portable(stamped(export_model(fitted, {}), 1))
    container = run("buildah", "from", "face-recognizer-serving").strip()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_settings(ServerSettings("face-recognizer", name, port=PORT))
            settings = json.loads((folder / "server.json").read_text()) | {"folder": "/data"}
            (folder / "server.json").write_text(json.dumps(settings))
            point_to(folder, "1", data, file_hash(data))
            for path in (folder, *folder.rglob("*")):
                os.chown(path, USER, USER)
            server = subprocess.Popen(
                [
                    "buildah", "run", "--network", "host", "--volume", f"{name}:/data", container,
                    "--", "/venv/bin/python", "-m", "serving.server", "/data",
                ],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            try:
                answer = _ask(faces.pixels[:1])
            finally:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
            captured = list((folder / "captured").glob("*"))
            if not captured or captured[0].stat().st_uid != USER:
                raise FailedError("the image of the endpoint captured nothing, or as someone else")
    finally:
        run("buildah", "rm", container)
    console.print(f"face-recognizer-serving answered: {answer.people[0]}, version {answer.version}")


def _ask(pixels: "NDArray[np.float32]") -> "Answer":
    """Ask until it answers, for half a minute at most."""
    from serving.client import send_faces

    ends = time.monotonic() + 30
    while True:
        try:
            return send_faces(f"http://127.0.0.1:{PORT}", pixels)
        except FailedError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)


def in_container(image: str, *command: str) -> str:
    """What a command prints in a container of an image."""
    container = run("buildah", "from", image).strip()
    try:
        return run("buildah", "run", "--network", "host", container, "--", *command)
    finally:
        run("buildah", "rm", container)


def run(*command: str) -> str:
    """Run it. Raises FailedError with its last words if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise FailedError(f"{' '.join(command[:3])} … said {' / '.join(last)!r}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
