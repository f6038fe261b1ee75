"""Hot reload: follow current.json and swap the served model between requests.

A few times a second, a request checks whether `current.json` has been replaced. If so, the model
that it names is loaded and served from then on. No process starts or ends and no connection is
closed, so no request fails. A model that cannot be loaded is refused, and the previous one stays.
"""

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from faces.runtime.portable import DamagedModelError, PortableModel, read_portable
from serving.settings import current_file

POLL_SECONDS = 0.05
"""For this long, answers may still come from the previous model."""

log = logging.getLogger("serving")
UNREADABLE = (DamagedModelError, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with its version, and its classes as responses contain them."""

    model: PortableModel
    version: str
    classes: list[str]
    classes_json: bytes


class ModelFollower:
    """Follows a server's `current.json`.

    Args:
        folder: The server's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, current_file(folder)
        self.loaded: LoadedModel | None = None
        self.refusal: str | None = None
        """Why the last model could not be loaded; None if it could."""
        self._file_state: tuple[int, ...] | None = None
        self._polled = -POLL_SECONDS

    def get(self) -> LoadedModel:
        """Return the model to answer with, after reloading it if `current.json` was replaced.

        Raises:
            DamagedModelError: If no model could be loaded yet.
        """
        now = time.monotonic()
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            self._reload_if_replaced()
        if self.loaded is None:
            raise DamagedModelError(self.refusal or f"there is no {self.file}")
        return self.loaded

    def _reload_if_replaced(self) -> None:
        state = self._stat()
        if state == self._file_state:
            return
        self._file_state = state
        try:
            self.loaded, self.refusal = load_current(self.folder), None
            log.info("serving version %s", self.loaded.version)
        except UNREADABLE as error:
            self.refusal = str(error)
            log.error("refused %s: %s", self.file, error)

    def _stat(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self.file)
        except OSError:
            return self._file_state
        return status.st_mtime_ns, status.st_ino, status.st_size


def load_current(folder: Path) -> LoadedModel:
    """Load the model that `current.json` names.

    Args:
        folder: The server's folder.

    Returns:
        The model, with the version that `current.json` assigns to it.

    Raises:
        DamagedModelError: If the file does not have the hash recorded in `current.json`.
        OSError: If a file is missing.
    """
    current = json.loads(current_file(folder).read_bytes())
    model = read_portable((folder / current["file"]).read_bytes(), current["hash"])
    classes = [str(label) for label in model.classes]
    return LoadedModel(model, str(current["version"]), classes, orjson.dumps(classes))
