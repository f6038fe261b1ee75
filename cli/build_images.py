"""Build the container images without a container engine, and try each.

It needs Debian's packages buildah and debootstrap, and root. The base image is made by debootstrap,
so that nothing is pulled from a registry. With an engine, use docker build as the Dockerfiles say.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cli.buildah import PREFIX, run
from cli.console import make_console
from cli.exit_codes import exit_code
from cli.image_checks import check_forwarder, check_mlflow, check_pipelines, check_serving
from cli.runtime_env import ROOT
from cli.sbom import write_sbom
from cli.subcommand import make_parser
from components.deployers.container_images import DOCKERFILES
from faces.errors import UserError

BASE = "localhost/face-recognizer-slim-base"
CERTIFICATES = "/etc/ssl/certs"
DEBIAN_PACKAGES = "python3,python3-venv,ca-certificates"
UNNEEDED = (
    "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*", "var/log/*.log", "usr/share/man/*",
    "usr/share/locale/*", "usr/share/doc/*/[!c]*",
)  # fmt: skip
"""Files of the base that no container needs; copyrights are kept."""

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
        for check in (check_pipelines, check_serving, check_forwarder, check_mlflow):
            console.print(check())


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
