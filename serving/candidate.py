"""A candidate that answers beside the live version: in its shadow, or for a share of requests.

Both versions answer every request while there is a candidate. One of the answers is sent, and the
other one is captured beside it. An endpoint without a candidate does nothing for it in a request.
"""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from faces.runtime.capture_format import VERIFICATION
from faces.runtime.portable import DamagedModelError, Predictions
from serving.loaded_model import LoadedModel, load_model
from serving.settings import candidate_file

log = logging.getLogger("serving")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A version that answers beside the live one.

    Attributes:
        loaded: The version.
        share: Share of the requests to which its answer is sent; 0 is a shadow.
    """

    loaded: LoadedModel
    share: float


class Answered(NamedTuple):
    """The answers of both versions to one request.

    Attributes:
        loaded: The version whose answer is sent.
        predictions: This answer.
        shadow: The other version and its answer; None if it failed.
    """

    loaded: LoadedModel
    predictions: Predictions
    shadow: tuple[LoadedModel, Predictions] | None


class CandidateFollower:
    """Follows a server's `candidate.json`.

    Args:
        folder: The server's folder.
        public_key: The key that models must be signed with; "" for none.
    """

    def __init__(self, folder: Path, public_key: str = "") -> None:
        self.folder, self.file, self.public_key = folder, candidate_file(folder), public_key
        self.candidate: Candidate | None = None
        self._file_state: tuple[int, ...] | None = None

    def poll(self) -> None:
        """Load the candidate if the file has changed; without the file, there is none."""
        try:
            status = os.stat(self.file)
        except OSError:
            self.candidate = self._file_state = None
            return
        state = status.st_mtime_ns, status.st_ino, status.st_size
        if state == self._file_state:
            return
        self._file_state = state
        try:
            content = json.loads(self.file.read_bytes())
            loaded = load_model(self.folder, content, self.public_key)
            self.candidate = Candidate(loaded, float(content["share"]))
            log.info("version %s answers beside", self.candidate.loaded.version)
        except (DamagedModelError, OSError, ValueError, KeyError, TypeError) as error:
            self.candidate = None
            log.error("refused %s: %s", self.file, error)


def answer_beside(
    candidate: Candidate,
    live: LoadedModel,
    answer: Predictions,
    faces: NDArray[Any],
    request: str,
    chance: float,
) -> Answered:
    """Let a candidate answer, too, and choose whose answer is sent.

    Args:
        candidate: The candidate.
        live: The live version.
        answer: Its answer, which is sent if the candidate fails.
        faces: The faces of the request.
        request: Its id. Requests that verify a version are answered by that version.
        chance: A random number in [0, 1).

    Returns:
        The answer to send, and the other one.
    """
    other = candidate.loaded
    try:
        others = other.model.predict_open_set(faces)
    except Exception:
        log.exception("version %s failed beside version %s", other.version, live.version)
        return Answered(live, answer, None)
    sent = chance < candidate.share
    if request.startswith(VERIFICATION):
        sent = request.startswith(f"{VERIFICATION}{other.version}-")
    if sent:
        return Answered(other, others, (live, answer))
    return Answered(live, answer, (other, others))
