"""Hot reload: follow current.json and swap the served model between requests.

A few times a second, a request checks whether `current.json` has been replaced. If so, the model
that it names is loaded and served from then on. No process starts or ends and no connection is
closed, so no request fails. A model that cannot be loaded is refused, and the previous one stays.
"""

import json
import logging
import math
import os
import time
from contextlib import suppress
from pathlib import Path

from faces.runtime.portable import DamagedModelError
from serving.candidate import Candidate, CandidateFollower
from serving.loaded_model import LoadedModel, load_model
from serving.settings import atomic_write, current_file, read_current

POLL_SECONDS = 0.05
"""For this long, answers may still come from the previous model."""

RETRY_SECONDS = 1.0
"""Time between two attempts to load a model that was refused: it may be readable again."""

log = logging.getLogger("serving")
UNREADABLE = (DamagedModelError, OSError, ValueError, KeyError, TypeError)


class ModelFollower:
    """Follows a server's `current.json`.

    Args:
        folder: The server's folder.
        public_key: The key that models must be signed with; "" for none.
    """

    def __init__(self, folder: Path, public_key: str = "") -> None:
        self.folder, self.file, self.public_key = folder, current_file(folder), public_key
        self.loaded: LoadedModel | None = None
        self.refusal: str | None = None
        """Why the last model could not be loaded; None if it could."""
        self.candidate: Candidate | None = None
        """The version that answers beside the loaded one; None if there is none."""
        self._candidates = CandidateFollower(folder, public_key)
        self._file_state: tuple[int, ...] | None = None
        self._polled = self._tried = -math.inf

    def get(self) -> LoadedModel:
        """Return the model to answer with, after reloading it if `current.json` was replaced.

        Raises:
            DamagedModelError: If no model could be loaded yet.
        """
        now = time.monotonic()
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            self._reload_if_replaced()
            self._candidates.poll()
            self.candidate = self._candidates.candidate
        if self.loaded is None:
            raise DamagedModelError(self.refusal or f"there is no {self.file}")
        return self.loaded

    def _reload_if_replaced(self) -> None:
        state, now = self._stat(), time.monotonic()
        retry = self.refusal is not None and now - self._tried >= RETRY_SECONDS
        if state == self._file_state and not retry:
            return
        self._file_state, self._tried = state, now
        try:
            current = read_current(self.folder)
            if current is None:
                raise FileNotFoundError(f"there is no {self.file}")
            self._load(current)
            self.refusal = None
            with suppress(OSError):
                atomic_write(last_loaded_file(self.folder), json.dumps(current).encode())
        except UNREADABLE as error:
            if self.refusal != str(error):
                log.error("refused %s: %s", self.file, error)
            self.refusal = str(error)
            self._load_last()

    def _load(self, current: dict[str, str]) -> None:
        self.loaded = load_model(self.folder, current, self.public_key)
        log.info("serving version %s", self.loaded.version)

    def _load_last(self) -> None:
        """Load the model that this server loaded last: a new worker may start with an older one."""
        with suppress(*UNREADABLE):
            last = json.loads(last_loaded_file(self.folder).read_bytes())
            if self.loaded is None or self.loaded.version != last["version"]:
                self._load(last)

    def _stat(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self.file)
        except OSError:
            return self._file_state
        return status.st_mtime_ns, status.st_ino, status.st_size


def last_loaded_file(folder: Path) -> Path:
    """Return the path of the file that names the model that a server loaded last.

    Args:
        folder: The server's folder.
    """
    return folder / "last_loaded.json"
