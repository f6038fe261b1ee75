"""Background task of a worker: rotate capture files, and start maintenance of closed ones."""

import logging
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

MIN_INTERVAL_SECONDS = 10.0
"""Time between two runs in any case: each starts a process."""

POLL_SECONDS = 1.0
MIN_POLL_SECONDS = 0.1

log = logging.getLogger("serving")


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
    """Run maintenance at once, soon after a file was closed, and at intervals.

    It runs in a separate process, since writing to a bucket takes a while.

    Args:
        settings: The server's settings.
        model: The model whose capture files are maintained.
        sleep: Lets the worker do other work for some seconds.
    """
    maintained, due, allowed = 0, 0.0, 0.0
    interval = min(MIN_INTERVAL_SECONDS, settings.rotate_seconds)
    while True:
        try:
            closed, now = _rotate(model), time.monotonic()
            if now >= due or (closed != maintained and now >= allowed):
                maintained, due, allowed = closed, now + RETRY_SECONDS, now + interval
                command = [sys.executable, "-m", retention.__name__, settings.folder]
                if not subprocess.run(command, check=False).returncode:
                    due += MAINTENANCE_SECONDS - RETRY_SECONDS
        except OSError as error:  # a full disk, say: it must not end the task
            log.error("maintenance of captured requests failed: %s", error)
        sleep(max(MIN_POLL_SECONDS, min(POLL_SECONDS, settings.rotate_seconds)))


def _rotate(model: "FaceModel") -> int:
    """Close the capture file if it is due. Returns the number of files closed so far."""
    if model.capture is None:
        return 0
    model.capture.rotate()
    return model.capture.closed
