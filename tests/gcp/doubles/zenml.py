"""ZenML's own server with a temporary database, as a team would run it."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gcp.doubles.process import LOOPBACK, free_port, responds, serving


@contextmanager
def zenml_server(folder: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the server; yields the environment variables that its clients need."""
    home, port, password = folder / "zenml-server", free_port(), secrets.token_urlsafe(16)
    home.mkdir()
    own = environment | {
        "ZENML_CONFIG_PATH": str(home),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_DEFAULT_USER_NAME": "default",
        "ZENML_DEFAULT_USER_PASSWORD": password,
        "ZENML_SERVER_JWT_SECRET_KEY": secrets.token_hex(32),
    }
    command = [
        sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app",
        "--host", LOOPBACK, "--port", str(port), "--log-level", "warning",
    ]  # fmt: skip
    url = f"http://{LOOPBACK}:{port}"
    with serving(command, own, folder / "zenml.log", responds(f"{url}/ready")):
        yield {
            "ZENML_STORE_URL": url,
            "ZENML_STORE_USERNAME": "default",
            "ZENML_STORE_PASSWORD": password,
        }
