"""The model that is served, which may change between one request and the next.

Requests look, a few times a second, whether `current.json` is still the file it was. If not, the
model it names is loaded, and served from then on. No process starts or ends and no connection is
closed, so no request is lost. A model that cannot be loaded is refused, and the old one stays.
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
"""Seconds for which an answer may still come from the model before."""

log = logging.getLogger("serving")
UNREADABLE = (DamagedModelError, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with what every answer says of it."""

    model: PortableModel
    version: str
    classes: list[str]
    names: bytes
    """The people as JSON."""


class ModelFollower:
    """Follows a server's `current.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, current_file(folder)
        self.loaded: LoadedModel | None = None
        self.refused: str | None = None
        self._stamp: tuple[int, ...] | None = None
        self._looked = -POLL_SECONDS

    def get(self) -> LoadedModel:
        """The model to answer with. Raises DamagedModelError if none could ever be loaded."""
        now = time.monotonic()
        if now - self._looked >= POLL_SECONDS:
            self._looked = now
            self._follow()
        if self.loaded is None:
            raise DamagedModelError(self.refused or f"there is no {self.file}")
        return self.loaded

    def _follow(self) -> None:
        stamp = self._stat()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.loaded, self.refused = load_served(self.folder), None
            log.info("serving version %s", self.loaded.version)
        except UNREADABLE as error:
            self.refused = str(error)
            log.error("refused %s: %s", self.file, error)

    def _stat(self) -> tuple[int, ...] | None:
        try:
            now = os.stat(self.file)
        except OSError:
            return self._stamp
        return now.st_mtime_ns, now.st_ino, now.st_size


def load_served(folder: Path) -> LoadedModel:
    """Load the model that `current.json` names, checked against the hash that stands there."""
    current = json.loads(current_file(folder).read_bytes())
    model = read_portable((folder / current["file"]).read_bytes(), current["hash"])
    version = model.metadata["model_version"]
    if version != current["version"]:
        raise DamagedModelError(f"the model says that it is version {version}")
    classes = [str(name) for name in model.classes]
    return LoadedModel(model, version, classes, orjson.dumps(classes))
