"""Captured requests as a table: what was asked, what was answered, and what was true."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.runtime.capture_format import (
    FEEDBACK,
    MODEL,
    VERIFICATION,
    CapturedRecord,
    count_damaged,
    read_records,
)
from faces.runtime.image import PIXELS

COLUMNS = [
    "request", "face", "time", "version", "person", "confidence", "truth", "probabilities",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class CapturedRequests:
    """A row for each face, oldest first, its pixels (n, 4096), and what could not be read.

    The table's columns: `request` and `face` (its place in the request), `time` (UTC), `version`,
    `person` and `confidence` as answered, `truth` (None unless feedback came that names each face
    of its request; the last counts), and `probabilities`, an array in the order of
    `people[version]`.
    """

    table: pd.DataFrame
    pixels: NDArray[np.float32]
    classes: dict[str, list[str]]
    damaged: int


def read_captured_requests(files: Iterable[bytes]) -> CapturedRequests:
    """Read the bytes of capture files. Requests that only checked a deployment are left out."""
    classes: dict[str, list[str]] = {}
    predictions: list[CapturedRecord] = []
    feedback: dict[str, tuple[float, list[str]]] = {}
    damaged = 0
    for data in files:
        damaged += count_damaged(data)
        for record in read_records(data):
            if record.kind == MODEL:
                classes[record.head["version"]] = record.head["classes"]
            elif record.kind == FEEDBACK:
                given = (record.head["time"], record.head["labels"])
                feedback[record.head["id"]] = max(given, feedback.get(record.head["id"], given))
            elif not record.head["id"].startswith(VERIFICATION):
                predictions.append(record)
    predictions = [r for r in predictions if r.head["version"] in classes]
    predictions.sort(key=lambda record: float(record.head["time"]))
    rows = [row for record in predictions for row in _rows(record, classes, feedback)]
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"face": int, "confidence": float})
    table["time"] = pd.to_datetime(table["time"], unit="s", utc=True)
    pixels = [record.pixels for record in predictions]
    stacked = np.concatenate(pixels) if pixels else np.empty((0, PIXELS), np.float32)
    return CapturedRequests(table, stacked, classes, damaged)


def _rows(
    record: CapturedRecord,
    classes: dict[str, list[str]],
    feedback: dict[str, tuple[float, list[str]]],
) -> Iterable[tuple[object, ...]]:
    head = record.head
    names = classes[head["version"]]
    unknown: list[str | None] = [None] * head["faces"]
    truth = feedback.get(head["id"], (0.0, unknown))[1]
    if len(truth) != head["faces"]:
        truth = unknown
    for face, probabilities in enumerate(record.probabilities):
        best = int(probabilities.argmax())
        yield (
            head["id"], face, head["time"], head["version"], names[best],
            float(probabilities[best]), truth[face], probabilities,
        )  # fmt: skip
