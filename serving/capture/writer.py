"""Write every answered request to disk before its response goes out.

Each worker appends to its own file, so killing it loses nothing that was answered; a power cut may
lose the last seconds, since the operating system's cache is not flushed. Concurrent requests are
written with one call. A file is locked by its writer; when it is large or old enough, a new one is
started.
"""

import os
import re
import time
from calendar import timegm
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from faces.runtime.capture_format import (
    feedback_record,
    model_record,
    prediction_record,
    shadow_record,
)
from faces.runtime.portable import Predictions
from serving.capture.locks import create_locked

SUFFIX = ".faces"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
PROBE_BYTES = 65_536
FILE_NAME = re.compile(rf"\d{{8}}T\d{{6}}Z-\d+-\d+{re.escape(SUFFIX)}")

CLOSE_REQUEST = ".close"
"""When this file in the folder is touched, every worker closes its capture file."""


@dataclass
class Batch:
    """Requests that are written together."""

    done: bool = False
    error: str | None = None


class Capture:
    """Writes the captured requests of one worker.

    Args:
        folder: The folder of capture files; created if it is missing.
        rotate_bytes: Start a new file at this size.
        rotate_seconds: Start a new file after this time.
        pause: Lets other requests proceed; what they capture meanwhile is written together.
    """

    def __init__(
        self,
        folder: Path,
        rotate_bytes: int,
        rotate_seconds: float,
        pause: Callable[[], object] = lambda: None,
    ) -> None:
        self.folder, self.rotate_bytes, self.rotate_seconds = folder, rotate_bytes, rotate_seconds
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.closed = 0
        """The number of files closed so far."""
        self._pause = pause
        self._file = -1
        self._size, self._number, self._rotate_at = 0, 0, 0.0
        self._requested = 0
        self._described: set[str] = set()
        self._waiting: list[bytes] = []
        self._batch = Batch()

    def prediction(
        self,
        request: str,
        version: str,
        classes: Sequence[str],
        pixels: NDArray[Any],
        predictions: Predictions,
    ) -> None:
        """Capture a request that is about to be answered.

        Args:
            request: Its id.
            version: The model version that answered.
            classes: The labels that the version knows.
            pixels: Faces (n, 4096), uint8 or float32 in [0, 1].
            predictions: What is answered.

        Raises:
            OSError: If it cannot be written.
        """
        now = time.time()
        self._rotate_if_due()
        self._describe(version, classes)
        probabilities, accepted = predictions.probabilities, predictions.accepted
        self._write_in_batch(
            prediction_record(request, now, version, pixels, probabilities, accepted)
        )

    def shadow(
        self, request: str, version: str, classes: Sequence[str], predictions: Predictions
    ) -> None:
        """Capture what another version would answer, together with the next prediction.

        Args:
            request: The request's id.
            version: The other version.
            classes: The labels that it knows.
            predictions: What it would answer.
        """
        self._rotate_if_due()
        self._describe(version, classes)
        probabilities, accepted = predictions.probabilities, predictions.accepted
        self._waiting.append(shadow_record(request, time.time(), version, probabilities, accepted))

    def feedback(self, request: str, sender: str, labels: Sequence[str]) -> None:
        """Capture the labels of an earlier request.

        Args:
            request: The request's id.
            sender: Who sent the labels; "" if unknown.
            labels: The true label of each of its faces.

        Raises:
            OSError: If they cannot be written.
        """
        now = time.time()
        self._rotate_if_due()
        self._write_in_batch(feedback_record(request, now, sender, labels))

    def check_writable(self) -> None:
        """Write to the folder as much as a request may need, and delete it again.

        Raises:
            OSError: If it cannot be written.
        """
        probe = self.folder / f".probe-{os.getpid()}"
        try:
            probe.write_bytes(bytes(PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)

    def rotate(self) -> None:
        """Close the file if it is old enough or if asked to, so that others can change it."""
        if self._file < 0:
            return
        requested = self._close_requested()
        if time.monotonic() >= self._rotate_at or requested != self._requested:
            self._requested = requested
            self.close()

    def close(self) -> None:
        """Close the file; the next request starts another."""
        if self._waiting:
            self._write()
        if self._file >= 0:
            os.close(self._file)
            self.closed += 1
            self._file, self._rotate_at, self._described = -1, 0.0, set()

    def _describe(self, version: str, classes: Sequence[str]) -> None:
        """Write a version's classes before its first prediction in a file."""
        if version not in self._described:
            self._waiting.append(model_record(version, classes))
            self._described.add(version)

    def _rotate_if_due(self) -> None:
        if time.monotonic() >= self._rotate_at or self._size >= self.rotate_bytes:
            self.close()
            self._open()

    def _open(self) -> None:
        self._number += 1
        started = time.strftime(TIME_FORMAT, time.gmtime())
        path = self.folder / f"{started}-{os.getpid()}-{self._number}{SUFFIX}"
        self._requested = self._close_requested()
        self._file = create_locked(path)
        self._size, self._rotate_at = 0, time.monotonic() + self.rotate_seconds

    def _close_requested(self) -> int:
        """Return when the files were last asked to be closed, 0 for never."""
        try:
            return (self.folder / CLOSE_REQUEST).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _write_in_batch(self, record: bytes) -> None:
        """Write a record together with those of concurrent requests."""
        self._waiting.append(record)
        batch = self._batch
        self._pause()
        if not batch.done:
            self._write()
        if batch.error:
            raise OSError(batch.error)

    def _write(self) -> None:
        """Append all waiting records with one call; an incomplete one is skipped by readers."""
        data, batch = b"".join(self._waiting), self._batch
        self._waiting.clear()
        self._batch = Batch()
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


def capture_files(folder: Path) -> list[Path]:
    """Find the capture files in a folder, the oldest first.

    Args:
        folder: The folder, which may be missing.

    Returns:
        Their paths.
    """
    return sorted(file for file in folder.glob(f"*{SUFFIX}") if is_capture_file(file.name))


def is_capture_file(name: str) -> bool:
    """Return whether a file is named like a capture file; others are left alone.

    Args:
        name: The file's name.
    """
    try:
        return FILE_NAME.fullmatch(name) is not None and started_at(name) > 0
    except ValueError:
        return False


def started_at(name: str) -> float:
    """Return when a capture file was started, in seconds since 1970.

    Args:
        name: The file's name.
    """
    return timegm(time.strptime(name.split("-", 1)[0], TIME_FORMAT))
