"""What a worker does beside answering: close old files, and have closed ones looked after."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from serving.settings import ServerSettings

if TYPE_CHECKING:
    from serving.model import FaceModel

MAINTENANCE_SECONDS, RETRY_SECONDS, POLL_SECONDS = 300.0, 30.0, 1.0
"""Seconds between two rounds, after one that did not end well, and between two looks at a file."""


def start_housekeeping(settings: ServerSettings, model: "FaceModel") -> None:
    """Look after the captured files in a worker's background."""
    import gevent

    gevent.spawn(maintain, settings, model, gevent.sleep)


def maintain(
    settings: ServerSettings, model: "FaceModel", sleep: Callable[[float], object]
) -> None:
    """A round now, one as soon as a file was closed, and one from time to time; without end."""
    seen, due = 0, 0.0
    while True:
        if capture := model.capture:
            capture.rotate()
            if capture.closed != seen or time.monotonic() >= due:
                seen = capture.closed
                command = [sys.executable, "-m", "serving.capture.retention", settings.folder]
                failed = subprocess.run(command, check=False).returncode
                due = time.monotonic() + (RETRY_SECONDS if failed else MAINTENANCE_SECONDS)
        sleep(min(POLL_SECONDS, settings.rotate_seconds))
