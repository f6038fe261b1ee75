"""MLflow's own server on a real MariaDB, with artifacts in the bucket and a password.

It proves that runs, models and their aliases are stored there. It does not prove Cloud SQL's
network, certificates or backups.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pymysql

from tests.gcp.doubles.process import LOOPBACK, free_port, responds, serving

USER = "faces"
MEMORY = Path("/dev/shm")
"""Files there are in memory: on a busy disk, creating MLflow's tables takes minutes."""


@dataclass(frozen=True)
class Tracking:
    url: str
    username: str
    password: str


def mysql_server() -> Path | None:
    """Return MariaDB's server, which speaks the protocol of Cloud SQL's MySQL."""
    found = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    return Path(found) if found else None


@contextmanager
def mysql(folder: Path) -> Iterator[str]:
    """Run a temporary database server; yields its address."""
    server, port = mysql_server(), free_port()
    assert server is not None
    data = Path(tempfile.mkdtemp(prefix="faces-mysql-", dir=MEMORY if MEMORY.is_dir() else None))
    user = ["--user=root"] if os.getuid() == 0 else []
    options = ["--no-defaults", *user, f"--datadir={data}"]
    subprocess.run(
        ["mariadb-install-db", *options, "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    command = [
        str(server), *options, f"--port={port}", f"--bind-address={LOOPBACK}",
        f"--socket={data}/socket", "--skip-grant-tables", "--innodb-flush-log-at-trx-commit=0",
    ]  # fmt: skip

    def ready() -> bool:
        with suppress(pymysql.OperationalError):
            with pymysql.connect(host=LOOPBACK, port=port, user="root") as connection:
                connection.cursor().execute("CREATE DATABASE IF NOT EXISTS mlflow")
            return True
        return False

    with serving(command, os.environ, folder / "mysql.log", ready):
        yield f"mysql+pymysql://root@{LOOPBACK}:{port}/mlflow"
    shutil.rmtree(data, ignore_errors=True)


@contextmanager
def tracking(folder: Path, environment: dict[str, str], artifacts: str) -> Iterator[Tracking]:
    """Run an MLflow server with its runs in a database and its artifacts at a URI."""
    password, port = secrets.token_urlsafe(16), free_port()
    with mysql(folder) as database:
        accounts = folder / "basic_auth.ini"
        accounts.write_text(
            "[mlflow]\ndefault_permission = READ\n"
            f"database_uri = sqlite:///{folder}/accounts.db\n"
            f"admin_username = {USER}\nadmin_password = {password}\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
        own = environment | {
            "MLFLOW_AUTH_CONFIG_PATH": str(accounts),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": b64encode(
                secrets.token_hex(16).encode()
            ).decode(),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        command = [
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database,
            "--artifacts-destination", artifacts, "--app-name", "basic-auth",
            "--host", LOOPBACK, "--port", str(port), "--workers", "1",
        ]  # fmt: skip
        url = f"http://{LOOPBACK}:{port}"
        with serving(command, own, folder / "mlflow.log", responds(f"{url}/health")):
            yield Tracking(url, USER, password)
