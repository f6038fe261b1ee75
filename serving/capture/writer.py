"""Keep every answered request on disk before its answer goes out.

Each worker appends to a file of its own, so that killing it loses nothing that was answered.
(Pulling the plug may: nothing is forced out of the system's memory.) Requests that come together
are written together. A file that is being written is locked by its writer; a new one is begun when
it is large or old enough, and the ids in the old one are written beside it: feedback finds its
request by them.
"""

import fcntl
import os
import struct
import time
from calendar import timegm
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.capture_format import (
    PREDICTION,
    Buffer,
    feedback_record,
    model_record,
    prediction_record,
    read_records,
)

ENDING, IDS = ".faces", ".ids"
ENTRY = struct.Struct("<12sI")
"""A hash of a request's id, and how many faces it had."""


@dataclass
class Batch:
    """Requests that are written together."""

    done: bool = False
    error: str | None = None


class Capture:
    """Writes one worker's share of the captured requests."""

    def __init__(
        self,
        folder: Path,
        rotate_bytes: int,
        rotate_seconds: float,
        pause: Callable[[], object] = lambda: None,
    ) -> None:
        """`pause` lets other requests go on; what they want written meanwhile goes along."""
        self.folder, self.rotate_bytes, self.rotate_seconds = folder, rotate_bytes, rotate_seconds
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.closed = 0
        """How many files were closed."""
        self._pause = pause
        self._stem, self._file = folder, -1
        self._size, self._number, self._until = 0, 0, 0.0
        self._model = ""
        self._faces: dict[str, int] = {}
        self._waiting: list[Callable[[], list[Buffer]]] = []
        self._batch = Batch()

    def prediction(
        self,
        request: str,
        version: str,
        people: Sequence[str],
        pixels: NDArray[Any],
        probabilities: NDArray[np.float32],
        accepted: NDArray[np.bool_],
    ) -> None:
        """Keep a request that is about to be answered. Raises OSError if it cannot be kept."""
        now = time.time()
        if now >= self._until or self._size >= self.rotate_bytes:
            self._begin(now)
        if version != self._model:
            self._waiting.append(partial(model_record, version, people))
            self._model = version
        self._faces[request] = len(pixels)
        record = partial(prediction_record, request, now, version, pixels, probabilities)
        self._keep(partial(record, accepted))

    def feedback(self, request: str, truth: Sequence[str]) -> None:
        """Keep the truth for an earlier request."""
        now = time.time()
        if now >= self._until or self._size >= self.rotate_bytes:
            self._begin(now)
        self._keep(partial(feedback_record, request, now, truth))

    def faces_of(self, request: str) -> int | None:
        """How many faces an answered request had, whichever worker answered it; None: unknown."""
        if request in self._faces:
            return self._faces[request]
        own = self._stem.with_name(self._stem.name + ENDING)
        files = [file for kind in (ENDING, IDS) for file in self.folder.glob(f"*{kind}")]
        stems = {file.with_suffix("") for file in files if file != own}
        for stem in sorted(stems, reverse=True):
            faces = find_request(stem, request)
            if faces is not None:
                return faces
        return None

    def rotate(self) -> None:
        """Close the file if it is old enough, so that it can be moved or dropped."""
        if self._file >= 0 and time.time() >= self._until:
            self.close()

    def close(self) -> None:
        """Close the file, with its ids beside it; the next request begins another."""
        if self._waiting:
            self._write()
        if self._file >= 0:
            write_ids(self._stem, self._faces)
            os.close(self._file)
            self.closed += 1
            self._file, self._until, self._model = -1, 0.0, ""
            self._faces = {}

    def _begin(self, now: float) -> None:
        self.close()
        self._number += 1
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        self._stem = self.folder / f"{stamp}-{os.getpid()}-{self._number}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._stem.with_name(self._stem.name + ENDING), flags, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._size, self._until = 0, now + self.rotate_seconds

    def _keep(self, record: Callable[[], list[Buffer]]) -> None:
        """Have a record written, by this request or by one that comes at the same time."""
        self._waiting.append(record)
        batch = self._batch
        self._pause()
        if not batch.done:
            self._write()
        if batch.error:
            raise OSError(batch.error)

    def _write(self) -> None:
        """Append all that waits with one call. What was cut short stays as damage in the file."""
        data, batch = b"".join(chain.from_iterable(make() for make in self._waiting)), self._batch
        self._waiting, self._batch = [], Batch()
        batch.done = True
        if not data:
            return
        self._size += len(data)
        try:
            written = os.write(self._file, data)
            if written < len(data):
                batch.error = f"only {written} of {len(data)} bytes: is the disk full?"
        except OSError as error:
            batch.error = str(error)
        if batch.error:
            self.close()


def write_ids(stem: Path, faces: Mapping[str, int]) -> None:
    """Write down which requests a file holds, so that they are found without reading it."""
    entries = b"".join(ENTRY.pack(_digest(request), count) for request, count in faces.items())
    file = stem.with_name(stem.name + IDS)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(entries)


def find_request(stem: Path, request: str) -> int | None:
    """How many faces a request had, if the file `stem` is of holds it."""
    ids, file = stem.with_name(stem.name + IDS), stem.with_name(stem.name + ENDING)
    if ids.exists():
        entries = np.frombuffer(ids.read_bytes(), dtype="V12, <u4")
        found = np.flatnonzero(entries["f0"] == np.void(_digest(request)))
        return int(entries["f1"][found[-1]]) if len(found) else None
    try:
        return requests_in(file.read_bytes()).get(request)
    except FileNotFoundError:
        return None  # it was dropped meanwhile


def requests_in(data: bytes) -> dict[str, int]:
    """The ids of the requests in a file, and how many faces each had."""
    records = read_records(data)
    return {r.head["id"]: r.head["faces"] for r in records if r.kind == PREDICTION}


def begun(name: str) -> float:
    """When a file was begun, by its name."""
    return timegm(time.strptime(name.split("-", 1)[0], "%Y%m%dT%H%M%SZ"))


def _digest(request: str) -> bytes:
    return blake2b(request.encode(), digest_size=12).digest()
