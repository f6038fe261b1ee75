"""Serve in a container: fetch the model, be the server, and keep what was captured at the end.

    python -m serving.container FOLDER

The environment says what to serve: FACES_SETTINGS are the server's settings and FACES_MODEL is
`{"version": …, "uri": …, "hash": …}`, both JSON. FOLDER is empty at first, and ends with the
container; so closed files of captured requests are moved to their place before it does.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from faces.runtime.portable import file_hash
from serving.capture.retention import closed_files, maintain
from serving.settings import ServerSettings, install_model, write_settings

SETTINGS, MODEL = "FACES_SETTINGS", "FACES_MODEL"
PORT = "PREDICTIVE_UNIT_HTTP_SERVICE_PORT"
"""Seldon's operator says with it where it expects the server to listen."""

MAX_TRIES = 3
FLUSH_SECONDS = 30.0
"""Seconds in which what is left must have been moved: Kubernetes grants a pod 60 to end."""


def main() -> int:
    """Serve until told to stop; gives the exit code."""
    folder = Path(sys.argv[1])
    try:
        settings = prepare(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"nothing can be served: {error}", file=sys.stderr)
        return 1
    server = subprocess.Popen(
        [sys.executable, "-m", "serving.server", str(folder)], start_new_session=True
    )

    def stop(number: int, _: FrameType | None) -> None:
        os.killpg(server.pid, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    code = server.wait()
    flush_captures(settings)
    return code if code >= 0 else 0


def flush_captures(settings: ServerSettings) -> None:
    """Move the last files to their place; again for a while if that fails, or somebody is at it."""
    deadline = time.monotonic() + FLUSH_SECONDS
    while True:
        try:
            if maintain(settings):
                return
            why = "it took too long"
        except Exception as error:
            why = repr(error)
        if time.monotonic() > deadline:
            left = len(list(closed_files(settings.capture_folder)))
            print(f"{left} files of captured requests are lost: {why}", file=sys.stderr)
            return
        time.sleep(0.5)


def prepare(folder: Path) -> ServerSettings:
    """Lay out a server's folder as the environment says.

    Raises ValueError if the model is not the one that was asked for, OSError if it cannot be had.
    """
    settings = ServerSettings(**json.loads(os.environ[SETTINGS]))
    port = int(os.environ.get(PORT, settings.port))
    settings = replace(settings, folder=str(folder), port=port)
    model = json.loads(os.environ[MODEL])
    data = fetch(model["uri"])
    if file_hash(data) != model["hash"]:
        raise ValueError(f"{model['uri']} is damaged: it is not what was recorded")
    write_settings(settings)
    install_model(folder, model["version"], data, model["hash"])
    return settings


def fetch(uri: str) -> bytes:
    """The bytes at a URI, asked for again if they do not come at once. Raises OSError."""
    import fsspec

    system, path = fsspec.url_to_fs(uri)
    for tried in range(1, MAX_TRIES + 1):
        try:
            data: bytes = system.cat_file(path)
            return data
        except FileNotFoundError:
            raise OSError(f"{uri} is not there") from None
        except Exception as error:
            if tried == MAX_TRIES:
                raise OSError(f"{uri} cannot be fetched: {error}") from error
            time.sleep(tried)
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main())
