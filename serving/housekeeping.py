"""What a worker does beside answering: close old files, and have closed ones moved and dropped."""

import subprocess
import sys
from typing import TYPE_CHECKING

from serving.settings import ServerSettings

if TYPE_CHECKING:
    from serving.model import FaceModel

EVERY = 60.0
"""Seconds."""


def start_housekeeping(settings: ServerSettings, model: "FaceModel") -> None:
    """Look after the captured files from time to time, in the background of a worker."""
    import gevent

    def look_after() -> None:
        while True:
            gevent.sleep(min(EVERY, settings.rotate_seconds))
            if model.capture:
                model.capture.rotate()
                subprocess.run([sys.executable, "-m", "serving.keep", settings.folder], check=False)

    gevent.spawn(look_after)
