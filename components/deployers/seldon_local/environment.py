"""The server's own environment, .venv-serving: made by itself, whole or not at all."""

import fcntl
import hashlib
import logging
import subprocess
import sys
from pathlib import Path

from faces.errors import OperationError

ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = ROOT / ".venv-serving"
REQUIREMENTS = ROOT / "requirements" / "serving.txt"
log = logging.getLogger("progress")


def ensure_environment() -> Path:
    """The environment's Python, after setting it up if it is missing or out of date.

    What was pinned is installed as it is (`--no-deps`): seldon-core asks for a gunicorn that does
    not start. Raises OperationError if the packages cannot be had.
    """
    python, mark = FOLDER / "bin" / "python", FOLDER / "ready"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    with FOLDER.with_name(f"{FOLDER.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == wanted:
            return python
        log.info("setting up the server's environment (half a minute, once) …")
        _run([sys.executable, "-m", "venv", "--clear", str(FOLDER)])
        pinned = ["--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
        uv = [sys.executable, "-m", "uv", "pip", "install", "--python", str(python)]
        try:
            _run([*uv, "--compile-bytecode", *pinned])
        except OperationError:
            _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", *pinned])
        mark.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise OperationError(
            f"the server's environment could not be set up: {' '.join(command[:4])} … said "
            f"{' '.join(last)!r}"
        )


if __name__ == "__main__":
    ensure_environment()
