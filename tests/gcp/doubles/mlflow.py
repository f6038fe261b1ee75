"""MLflow's own server on a real PostgreSQL, with artifacts in the bucket and a password.

It proves that runs, models and their aliases are stored there. It does not prove Cloud SQL's
network, certificates or backups.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gcp.doubles.process import LOOPBACK, free_port, responds, serving

USER = "faces"


@dataclass(frozen=True)
class Tracking:
    url: str
    username: str
    password: str


def postgres_binaries() -> Path | None:
    """Return the folder of PostgreSQL's binaries: Debian's, or one on the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return installed[-1].parent if installed else Path(on_path).parent if on_path else None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a temporary database server; yields its address."""
    binaries, port = postgres_binaries(), free_port()
    assert binaries is not None
    data = Path(tempfile.mkdtemp(prefix="faces-postgres-"))
    prefix: list[str] = []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(data, "postgres", "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    subprocess.run(
        [*prefix, str(binaries / "initdb"), "-D", str(data), "-U", "mlflow", "-A", "trust", "-N"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    address = f"postgresql://mlflow@{LOOPBACK}:{port}/postgres"
    command = [
        *prefix, str(binaries / "postgres"), "-D", str(data), "-p", str(port),
        "-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories=", "-c", "fsync=off",
    ]  # fmt: skip
    ready = [str(binaries / "pg_isready"), "-h", LOOPBACK, "-p", str(port), "-q"]
    with serving(command, os.environ, folder / "postgres.log", lambda: subprocess.call(ready) == 0):
        yield address
    shutil.rmtree(data, ignore_errors=True)


@contextmanager
def tracking(folder: Path, environment: dict[str, str], artifacts: str) -> Iterator[Tracking]:
    """Run an MLflow server with its runs in a database and its artifacts at a URI."""
    password, port = secrets.token_urlsafe(16), free_port()
    with postgres(folder) as database:
        accounts = folder / "basic_auth.ini"
        accounts.write_text(
            "[mlflow]\ndefault_permission = READ\n"
            f"database_uri = {database}\nadmin_username = {USER}\nadmin_password = {password}\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
        own = environment | {
            "MLFLOW_AUTH_CONFIG_PATH": str(accounts),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        command = [
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database,
            "--artifacts-destination", artifacts, "--app-name", "basic-auth",
            "--host", LOOPBACK, "--port", str(port), "--workers", "1",
        ]  # fmt: skip
        url = f"http://{LOOPBACK}:{port}"
        with serving(command, own, folder / "mlflow.log", responds(f"{url}/health")):
            yield Tracking(url, USER, password)
