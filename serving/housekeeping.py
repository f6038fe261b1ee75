"""What a worker does beside answering: close old files, and have closed ones looked after."""

import subprocess
import sys
from typing import TYPE_CHECKING

from serving.settings import ServerSettings

if TYPE_CHECKING:
    from serving.model import FaceModel

EVERY = 300.0
"""Seconds."""


def start_housekeeping(settings: ServerSettings, model: "FaceModel") -> None:
    """Look after the captured files, now and from time to time, in a worker's background."""
    import gevent

    def look_after() -> None:
        while True:
            if model.capture:
                model.capture.rotate()
                subprocess.run([sys.executable, "-m", "serving.keep", settings.folder], check=False)
            gevent.sleep(min(EVERY, settings.rotate_seconds))

    gevent.spawn(look_after)
