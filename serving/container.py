"""Serve in a container: fetch the model, run the server, and upload captured requests at the end.

    python -m serving.container FOLDER

The environment says what to serve: FACES_SETTINGS are the server's settings and FACES_MODEL is
`{"version": …, "uri": …, "hash": …}`, both JSON. FACES_CANDIDATE, if set, is a model that answers
in the shadow of the other one. FOLDER is empty at first and is lost with the container, so closed
capture files are uploaded before the container ends.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType

from faces.runtime.portable import file_hash
from serving import server
from serving.capture.retention import closed_files, maintain
from serving.metrics_port import MetricsServer
from serving.settings import (
    ServerSettings,
    install_candidate,
    install_model,
    write_settings,
)
from serving.tokens import TOKEN

SETTINGS, MODEL, CANDIDATE = "FACES_SETTINGS", "FACES_MODEL", "FACES_CANDIDATE"
PORT = "PREDICTIVE_UNIT_HTTP_SERVICE_PORT"
"""With this variable, Seldon's operator says on which port it expects the server."""

METRICS_PORT = "PREDICTIVE_UNIT_METRICS_SERVICE_PORT"
"""With this variable, Seldon's operator announces on which port a collector reads the metrics."""

MAX_TRIES = 3
FLUSH_SECONDS = 30.0
"""How long to try the last upload: Kubernetes kills a pod 60 seconds after it asks it to end."""

FLUSH_POLL_SECONDS = 0.5


def main() -> int:
    """Serve until the process is stopped.

    Returns:
        Exit code of the server process, 0 if a signal ended it; 1 if it cannot start.
    """
    folder = Path(sys.argv[1])
    try:
        settings = prepare(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"the server cannot start: {error}", file=sys.stderr)
        return 1
    if port := os.environ.get(METRICS_PORT):
        MetricsServer(settings, int(port), os.environ.get(TOKEN)).start()
    process = subprocess.Popen(
        [sys.executable, "-m", server.__name__, str(folder)], start_new_session=True
    )

    def forward(number: int, _: FrameType | None) -> None:
        os.killpg(process.pid, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    code = process.wait()
    flush_captures(settings)
    return code if code >= 0 else 0


def flush_captures(settings: ServerSettings) -> None:
    """Upload the last capture files; retry if that fails or another process is doing it.

    Args:
        settings: The server's settings.
    """
    deadline = time.monotonic() + FLUSH_SECONDS
    while True:
        try:
            if maintain(settings):
                return
            reason = "another process did not finish"
        except Exception as error:
            reason = repr(error)
        if time.monotonic() > deadline:
            remaining = len(list(closed_files(settings.capture_folder)))
            print(f"{remaining} files of captured requests are lost: {reason}", file=sys.stderr)
            return
        time.sleep(FLUSH_POLL_SECONDS)


def prepare(folder: Path) -> ServerSettings:
    """Fill a server's folder with the settings and the model that the environment names.

    Args:
        folder: The server's folder.

    Returns:
        The server's settings.

    Raises:
        ValueError: If the model does not have the hash that was recorded for it.
        OSError: If the model cannot be fetched.
    """
    settings = ServerSettings(**json.loads(os.environ[SETTINGS]))
    port = int(os.environ.get(PORT, settings.port))
    settings = replace(settings, folder=str(folder), port=port)
    model = json.loads(os.environ[MODEL])
    data, statements = fetch_model(model), fetch_statements(model, settings)
    write_settings(settings)
    install_model(folder, model["version"], data, model["hash"], statements)
    if candidate := json.loads(os.environ.get(CANDIDATE) or "{}"):
        data, statements = fetch_model(candidate), fetch_statements(candidate, settings)
        install_candidate(folder, candidate["version"], data, candidate["hash"], 0.0, statements)
    return settings


def fetch_model(model: Mapping[str, str]) -> bytes:
    """Download a model's file and check it.

    Args:
        model: Its `uri` and `hash`.

    Returns:
        The file's bytes.

    Raises:
        ValueError: If the file does not have the hash that was recorded for it.
        OSError: If it cannot be fetched.
    """
    data = fetch(model["uri"])
    if file_hash(data) != model["hash"]:
        raise ValueError(f"{model['uri']} is damaged: it does not have its recorded hash")
    return data


def fetch_statements(model: Mapping[str, str], settings: ServerSettings) -> str:
    """Download the signed statements about a model, if the server requires them.

    Args:
        model: Its `uri`.
        settings: The server's settings.

    Returns:
        The statements, one per line; "" if they are not required.

    Raises:
        OSError: If they cannot be fetched: a model without any is not signed.
    """
    if not settings.public_key:
        return ""
    return fetch(model["uri"].removesuffix(".npz") + ".jsonl").decode()


def fetch(uri: str) -> bytes:
    """Download a file; try at most three times.

    Args:
        uri: A URI that fsspec knows, such as gs://bucket/file.

    Returns:
        The file's bytes.

    Raises:
        OSError: If the file does not exist or cannot be fetched.
    """
    import fsspec

    system, path = fsspec.url_to_fs(uri)
    attempt = 1
    while True:
        try:
            data: bytes = system.cat_file(path)
            return data
        except FileNotFoundError:
            raise OSError(f"{uri} does not exist") from None
        except Exception as error:
            if attempt == MAX_TRIES:
                raise OSError(f"{uri} cannot be fetched: {error}") from error
            time.sleep(attempt)
            attempt += 1


if __name__ == "__main__":
    sys.exit(main())
