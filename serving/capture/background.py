"""Background task of a worker: rotate capture files, and start maintenance of closed ones."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from serving.capture import retention
from serving.settings import ServerSettings

if TYPE_CHECKING:
    from serving.model import FaceModel

MAINTENANCE_SECONDS = 300.0
"""Time between two runs of maintenance without a newly closed file."""

RETRY_SECONDS = 30.0
"""Time until maintenance runs again after a failure."""

POLL_SECONDS = 1.0


def start_maintenance(settings: ServerSettings, model: "FaceModel") -> None:
    """Start the background task in this worker.

    Args:
        settings: The server's settings.
        model: The model whose capture files are maintained.
    """
    import gevent

    gevent.spawn(maintain_forever, settings, model, gevent.sleep)


def maintain_forever(
    settings: ServerSettings, model: "FaceModel", sleep: Callable[[float], object]
) -> None:
    """Run maintenance at once, whenever a file was closed, and at intervals.

    It runs in a separate process, since writing to a bucket takes a while.

    Args:
        settings: The server's settings.
        model: The model whose capture files are maintained.
        sleep: Lets the worker do other work for some seconds.
    """
    closed, due = 0, 0.0
    while True:
        if capture := model.capture:
            capture.rotate()
            if capture.closed != closed or time.monotonic() >= due:
                closed = capture.closed
                command = [sys.executable, "-m", retention.__name__, settings.folder]
                failed = subprocess.run(command, check=False).returncode
                due = time.monotonic() + (RETRY_SECONDS if failed else MAINTENANCE_SECONDS)
        sleep(min(POLL_SECONDS, settings.rotate_seconds))
