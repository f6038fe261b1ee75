"""The server's environment, .venv-serving: created on demand, completely or not at all.

python -m components.deployers.seldon_local.environment
"""

import hashlib
import logging
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from faces.errors import OperationError

ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = ROOT / ".venv-serving"
REQUIREMENTS = ROOT / "requirements" / "serving.txt"
log = logging.getLogger("progress")


def ensure_environment() -> Path:
    """Create the environment if it is missing or its pinned packages have changed.

    The pinned packages are installed without resolving dependencies: seldon-core requires a
    version of gunicorn that does not start.

    Returns:
        The path of the environment's Python.

    Raises:
        OperationError: If the packages cannot be installed.
    """
    python, marker = FOLDER / "bin" / "python", FOLDER / "ready"
    expected = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    with FileLock(FOLDER.with_name(f"{FOLDER.name}.lock")):
        if not marker.exists() or marker.read_text() != expected:
            log.info("setting up the server's environment (half a minute, once) …")
            _install(python)
            marker.write_text(expected)
    return python


def _install(python: Path) -> None:
    _run([sys.executable, "-m", "venv", "--clear", str(FOLDER)])
    pinned = ["--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
    uv = [sys.executable, "-m", "uv", "pip", "install", "--python", str(python)]
    try:
        _run([*uv, "--compile-bytecode", *pinned])
    except OperationError:
        _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", *pinned])


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        last_line = " ".join((result.stderr or result.stdout).strip().splitlines()[-1:])
        raise OperationError(
            "the server's environment could not be set up: "
            f"{' '.join(command[:4])} … failed with {last_line!r}"
        )


if __name__ == "__main__":
    ensure_environment()
