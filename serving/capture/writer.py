"""Write every answered request to disk before its response goes out.

Each worker appends to its own file, so killing it loses nothing that was answered; a power cut may
lose the last seconds, since the operating system's cache is not flushed. Concurrent requests are
written together. A file is locked by its writer; when it is large or old enough, a new one is
started.
"""

import os
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.capture_format import (
    feedback_record,
    model_record,
    prediction_record,
    shadow_record,
)
from faces.runtime.portable import LARGE_CLASSES, Predictions
from serving.capture.append_file import AppendFile
from serving.capture.files import CLOSE_REQUEST, file_name

PROBE_BYTES = 65_536

KEPT_CLASSES = 10
"""Of a large model, the probabilities of this many classes are captured for each face."""


class Batch(list[tuple[Callable[..., bytes], tuple[Any, ...]]]):
    """Records that are written together: functions that encode them, and their arguments."""

    error: str | None = "it was not written"
    """Why they are not in the file; None as soon as they are."""


class Capture:
    """Writes the captured requests of one worker.

    Args:
        folder: The folder of capture files; created if it is missing.
        rotate_bytes: Start a new file at this size.
        rotate_seconds: Start a new file after this time.
        concurrent: Whether other requests may be in progress.
        pause: Lets them proceed; what they capture meanwhile is written together.
        crc32: Computes the checksums of predictions.
    """

    def __init__(
        self,
        folder: Path,
        rotate_bytes: int,
        rotate_seconds: float,
        concurrent: Callable[[], bool] = lambda: True,
        pause: Callable[[], object] = lambda: None,
        crc32: Callable[[bytes], int] = zlib.crc32,
    ) -> None:
        self.folder, self.rotate_bytes, self.rotate_seconds = folder, rotate_bytes, rotate_seconds
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.closed = 0
        """The number of files closed so far."""
        self._concurrent, self._pause, self._crc32 = concurrent, pause, crc32
        self._file: AppendFile | None = None
        self._number, self._rotate_at = 0, 0.0
        self._requested = 0
        self._described: set[str] = set()
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
        # Every request comes through here, and most can skip these calls.
        if version not in self._described or time.monotonic() >= self._rotate_at:
            self._describe(version, classes)
        answer = predictions.probabilities, predictions.accepted, _kept_columns(predictions)
        record = request, time.time(), version, pixels, *answer, self._crc32
        self._write(prediction_record, record)

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
        self._describe(version, classes)
        answer = predictions.probabilities, predictions.accepted, _kept_columns(predictions)
        self._batch.append((shadow_record, (request, time.time(), version, *answer)))

    def feedback(self, request: str, sender: str, labels: Sequence[str]) -> None:
        """Capture the labels of an earlier request.

        Args:
            request: The request's id.
            sender: Who sent the labels; "" if unknown.
            labels: The true label of each of its faces.

        Raises:
            OSError: If they cannot be written.
        """
        self._start_file_if_due()
        self._write(feedback_record, (request, time.time(), sender, labels))

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

    def flush(self) -> None:
        """Empty the file's buffer, so that no request has to wait for that."""
        file = self._file
        if file is not None and file.buffered:
            with suppress(OSError):
                file.flush()

    def rotate(self) -> None:
        """Close the file if it is old enough or if asked to, so that others can change it."""
        if self._file is None:
            return
        requested = self._close_requested()
        if time.monotonic() >= self._rotate_at or requested != self._requested:
            self._requested = requested
            self.close()

    def close(self) -> None:
        """Close the file; the next request starts another."""
        if self._batch:
            self._write_batch()
        file, self._file, self._described = self._file, None, set()
        if file is not None:
            self.closed += 1
            file.close()

    def _describe(self, version: str, classes: Sequence[str]) -> None:
        """Write a version's classes before its first prediction in a file."""
        self._start_file_if_due()
        if version not in self._described:
            self._batch.append((model_record, (version, classes)))
            self._described.add(version)

    def _start_file_if_due(self) -> None:
        if self._file is None or time.monotonic() >= self._rotate_at:
            self.close()
            self._number += 1
            self._requested = self._close_requested()
            self._file = AppendFile(self.folder / file_name(os.getpid(), self._number))
            self._rotate_at = time.monotonic() + self.rotate_seconds

    def _close_requested(self) -> int:
        """Return when the files were last asked to be closed, 0 for never."""
        try:
            return (self.folder / CLOSE_REQUEST).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _write(self, encode: Callable[..., bytes], arguments: tuple[Any, ...]) -> None:
        """Encode and write a record, together with those of concurrent requests: it is faster."""
        batch = self._batch
        if not batch and not self._concurrent():
            self._append(encode(*arguments))
            return
        batch.append((encode, arguments))
        self._pause()
        if batch is self._batch:
            self._write_batch()
        if batch.error:
            raise OSError(batch.error)

    def _write_batch(self) -> None:
        """Append all waiting records."""
        batch, self._batch = self._batch, Batch()
        try:
            self._append(b"".join([encode(*arguments) for encode, arguments in batch]))
            batch.error = None
        except OSError as error:
            batch.error = str(error)
        finally:
            if batch.error:
                self.close()

    def _append(self, data: bytes) -> None:
        """Append to the file, and close it if that fails or if it is large enough."""
        file = self._file
        if file is None:
            raise OSError("no file is open")
        try:
            file.append(data)
        except OSError:
            self.close()
            raise
        if file.size >= self.rotate_bytes:
            self.close()


def _kept_columns(predictions: Predictions) -> NDArray[np.int32] | None:
    """Return the classes whose probabilities are kept; None for all."""
    if predictions.probabilities.shape[1] <= LARGE_CLASSES:
        return None
    return predictions.most_probable(KEPT_CLASSES)
