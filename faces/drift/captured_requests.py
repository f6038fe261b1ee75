"""Captured requests as a table: requests, predictions and feedback labels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.window import Window, count_repeats, last_occurrences
from faces.drift.request_sample import RequestSample
from faces.runtime.capture_format import (
    FEEDBACK,
    MODEL,
    PREDICTION,
    SHADOW,
    VERIFICATION,
    CapturedRecord,
    count_damaged,
    distinct_records,
)
from faces.runtime.image import IMAGE_SIDE, PIXELS
from faces.runtime.portable import UNKNOWN

COLUMNS = [
    "request", "face", "time", "version", "predicted", "confidence", "label", "sender",
    "label_time", "probabilities",
]  # fmt: skip

EPOCH = pd.Timestamp(0, tz="UTC")


@dataclass(frozen=True, eq=False)
class CapturedRequests:
    """All faces of captured requests, oldest first.

    Attributes:
        table: A row for each face: `request` (id), `face` (its position in the request), `time`
            (UTC), `version`, `predicted` (the identity as answered, "unknown" included),
            `confidence` (the largest probability), `label` (from the latest feedback, None without
            any), `sender` (who sent the label, "" if unknown), `label_time` (when it was received,
            UTC) and `probabilities` (an array in the order of `classes[version]`; of a large model
            the highest ones, in descending order).
        pixels: The faces (n, 4096) in [0, 1].
        classes: The classes of each version.
        shadows: What another version would have answered, by request: its number, and the identity
            of each face.
        damaged: Number of damaged stretches in the files.
        unmatched_feedback: Number of feedback records that were ignored, because no request has
            their id and their number of faces.
        sampled_from: Number of faces of which these are a sample; 0 if they are all.
    """

    table: pd.DataFrame
    pixels: NDArray[np.float32]
    classes: dict[str, list[str]]
    shadows: dict[str, tuple[str, list[str]]]
    damaged: int
    unmatched_feedback: int
    sampled_from: int = 0


def read_captured_requests(
    files: Iterable[bytes], sample: RequestSample | None = None
) -> CapturedRequests:
    """Read capture files. Requests that only verified a deployment are left out.

    Args:
        files: The bytes of each file, in any order.
        sample: An empty sample, to keep only some requests in memory; None keeps all.

    Returns:
        The requests with their predictions and feedback labels.
    """
    records = _Records(sample=sample)
    for data in files:
        records.add(data)
    predictions = [
        record
        for record in records.kept
        if record.head["version"] in records.classes
        and not record.head["id"].startswith(VERIFICATION)
    ]
    predictions.sort(key=lambda record: float(record.head["time"]))
    feedback, unmatched = records.match_feedback()
    rows = [row for record in predictions for row in _rows(record, records.classes, feedback)]
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"face": int, "confidence": float})
    for column in ("time", "label_time"):
        table[column] = _as_times(table[column].astype(float))
    pixels = [np.empty((0, PIXELS), np.float32), *(record.pixels for record in predictions)]
    return CapturedRequests(
        table,
        np.concatenate(pixels),
        records.classes,
        records.identify_shadows(),
        records.damaged,
        unmatched,
        sample.seen if sample and sample.seen > len(table) else 0,
    )


def _as_times(seconds: "pd.Series[float]") -> "pd.Series[pd.Timestamp]":
    """Convert seconds since 1970 to times.

    pandas 2 accepts missing ones, but computes with uninitialised memory in their place, and may
    then report an overflow.

    Returns:
        The times; NaT where the seconds are missing.
    """
    known = seconds.dropna()
    return pd.to_datetime(known, unit="s", utc=True).reindex(seconds.index)


def select_window(captured: CapturedRequests, since: int, last: int | None = None) -> Window:
    """Select the faces of a monitoring window.

    An image that was sent several times counts once, with its latest answer and label.

    Args:
        captured: All captured faces.
        since: Only faces captured after this time, in nanoseconds since 1970.
        last: At most this many faces, the latest ones; None for all.

    Returns:
        The window, oldest face first.
    """
    window = select_faces(captured, since, last)
    return window[last_occurrences(window.images)]


def select_faces(captured: CapturedRequests, since: int, last: int | None = None) -> Window:
    """Select faces, repeated images included.

    Args:
        captured: All captured faces.
        since: Only faces captured after this time, in nanoseconds since 1970.
        last: At most this many faces, the latest ones; None for all.

    Returns:
        The faces, oldest first.
    """
    table = captured.table
    times = _nanoseconds(table["time"])
    rows = np.flatnonzero(times > since)[-last if last else 0 :]
    images = captured.pixels[rows].reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    selected = table.iloc[rows]
    return Window(
        images=images,
        predicted=selected["predicted"].to_numpy(dtype=str),
        labels=selected["label"].fillna("").to_numpy(dtype=str),
        confidence=selected["confidence"].to_numpy(dtype=float),
        versions=selected["version"].to_numpy(dtype=str),
        times=times[rows],
        senders=selected["sender"].fillna("").to_numpy(dtype=str),
        label_times=_nanoseconds(selected["label_time"].fillna(EPOCH)),
        repeats=count_repeats(images),
        damaged=captured.damaged,
        sampled_from=captured.sampled_from,
        unmatched_feedback=captured.unmatched_feedback,
    )


def _nanoseconds(times: pd.Series) -> NDArray[np.int64]:
    return np.asarray(times.astype("datetime64[ns, UTC]").astype("int64"))


Feedback = dict[tuple[str, int], CapturedRecord]
"""Feedback by request id and number of faces."""


@dataclass
class _Records:
    """The records of capture files, by kind."""

    classes: dict[str, list[str]] = field(default_factory=dict)
    predictions: list[CapturedRecord] = field(default_factory=list)
    shadows: list[CapturedRecord] = field(default_factory=list)
    feedback: list[CapturedRecord] = field(default_factory=list)
    damaged: int = 0
    sample: RequestSample | None = None

    @property
    def kept(self) -> Iterable[CapturedRecord]:
        """The predictions, or the sample of them."""
        return self.predictions if self.sample is None else self.sample

    def add(self, data: bytes) -> None:
        self.damaged += count_damaged(data)
        for record in distinct_records(data):
            if record.kind == MODEL:
                self.classes[record.head["version"]] = record.head["classes"]
            elif record.kind == FEEDBACK:
                self.feedback.append(record)
            elif record.kind == SHADOW:
                self.shadows.append(record)
            elif record.kind == PREDICTION:
                self.add_prediction(record)

    def add_prediction(self, record: CapturedRecord) -> None:
        if self.sample is None:
            self.predictions.append(record)
        elif not record.head["id"].startswith(VERIFICATION):
            self.sample.add(record)

    def identify_shadows(self) -> dict[str, tuple[str, list[str]]]:
        """Return version and identities of each request's shadow."""
        return {
            record.head["id"]: (
                record.head["version"],
                [name for name, _ in _identities(record, self.classes)],
            )
            for record in self.shadows
            if record.head["version"] in self.classes
            and not record.head["id"].startswith(VERIFICATION)
        }

    def match_feedback(self) -> tuple[Feedback, int]:
        """Return the latest feedback of each request, and the number of records that match none."""
        requests = {(record.head["id"], record.head["faces"]) for record in self.kept}
        matched: Feedback = {}
        unmatched = 0
        for record in sorted(self.feedback, key=lambda record: float(record.head["time"])):
            request = (record.head["id"], len(record.head["labels"]))
            if request in requests:
                matched[request] = record
            elif self.sample is None or not self.sample.has_dropped(*request):
                unmatched += 1
        return matched, unmatched


def _rows(
    record: CapturedRecord, classes: dict[str, list[str]], feedback: Feedback
) -> Iterator[tuple[object, ...]]:
    """Yield the table's rows for the faces of a prediction."""
    head, probabilities = record.head, record.probabilities
    matched = feedback.get((head["id"], head["faces"]))
    labels, sender, received = [None] * head["faces"], None, None
    if matched:
        labels, received = matched.head["labels"], matched.head["time"]
        sender = matched.head.get("sender", "")
    for face, (predicted, confidence) in enumerate(_identities(record, classes)):
        yield (
            head["id"], face, head["time"], head["version"], predicted, confidence,
            labels[face], sender, received, probabilities[face],
        )  # fmt: skip


def _identities(
    record: CapturedRecord, classes: dict[str, list[str]]
) -> Iterator[tuple[str, float]]:
    """Yield identity and confidence of each face of a prediction or shadow."""
    names, columns = classes[record.head["version"]], record.columns
    rows = zip(record.probabilities, record.accepted, strict=True)
    for face, (row, accepted) in enumerate(rows):
        best = int(row.argmax())
        column = best if columns is None else int(columns[face, best])
        yield names[column] if accepted else UNKNOWN, float(row[best])
