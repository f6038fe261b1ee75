"""How captured requests are kept in a file: records one after another, each with a checksum.

A file may end in the middle of a record, since its writer may be killed at any time, and bytes in
it may be damaged: whatever is not a whole record is passed over and counted.

A record is 16 bytes (mark, length of head, length of body, CRC-32 of both), a head in JSON and a
body of arrays. Its `kind` is `model` (which people a version knows), `prediction` (body: pixels,
then probabilities as float32) or `feedback` (the truth for an earlier prediction).
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import PIXELS

MAGIC, TOMBSTONE = b"FACE", b"GONE"
FRAME = struct.Struct("<4sIII")
Buffer = bytes | memoryview
MODEL, PREDICTION, FEEDBACK = "model", "prediction", "feedback"
VERIFICATION = "verification-"
"""How the ids of requests begin that only check a deployment."""


@dataclass(frozen=True, eq=False)
class CapturedRecord:
    """What was kept: head, body, and from where to where it lies in its file."""

    head: dict[str, Any]
    body: bytes
    start: int
    end: int

    @property
    def kind(self) -> str:
        """One of `model`, `prediction`, `feedback`."""
        return str(self.head["kind"])

    @property
    def pixels(self) -> NDArray[np.float32]:
        """A prediction's faces, (n, 4096) in [0, 1]."""
        kept = np.dtype(self.head["pixels"])
        values = np.frombuffer(self.body, kept, self.head["faces"] * PIXELS)
        return to_unit_range(values).reshape(-1, PIXELS)

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The answered probabilities of a prediction, (n, classes)."""
        faces = self.head["faces"]
        start = faces * PIXELS * np.dtype(self.head["pixels"]).itemsize
        numbers = (len(self.body) - faces - start) // 4
        return np.frombuffer(self.body, "<f4", numbers, start).reshape(faces, -1)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Whether each face of a prediction was accepted, (n,): False means "unknown"."""
        faces = self.head["faces"]
        values = np.frombuffer(self.body, np.uint8, faces, len(self.body) - faces)
        return values.astype(np.bool_)


def to_unit_range(values: NDArray[Any]) -> NDArray[np.float32]:
    """Pixels in [0, 1] from uint8, where 255 is white; float32 is as it should be already."""
    if values.dtype == np.uint8:
        return values * np.float32(1 / 255)
    return values


def model_record(version: str, classes: Sequence[str]) -> list[Buffer]:
    """Which people the columns of a version's probabilities stand for."""
    return _framed(_head({"kind": MODEL, "version": version, "classes": list(classes)}))


def prediction_record(
    request: str,
    time: float,
    version: str,
    pixels: NDArray[Any],
    probabilities: NDArray[np.float32],
    accepted: NDArray[np.bool_],
) -> list[Buffer]:
    """An answered request: pixels (n, 4096) as uint8 or float32, probabilities (n, people).

    `request` and `version` must be plain: no quotes, no backslashes.
    """
    # This is on the path of every request: what json.dumps would give, in a third of the time.
    head = (
        f'{{"kind": "{PREDICTION}", "id": "{request}", "time": {time!r}, "version": "{version}", '
        f'"faces": {len(pixels)}, "pixels": "{pixels.dtype.str}"}}'
    )
    return _framed(head.encode(), pixels.data, probabilities.data, accepted.data)


def feedback_record(request: str, time: float, labels: Sequence[str]) -> list[Buffer]:
    """The truth for an earlier request: a name for each of its faces."""
    return _framed(_head({"kind": FEEDBACK, "id": request, "time": time, "labels": list(labels)}))


def read_records(data: bytes) -> Iterator[CapturedRecord]:
    """The whole records in a file's bytes; after damage, reading goes on at the next mark."""
    for start, end in _spans(data):
        mark, head_length, _, _ = FRAME.unpack_from(data, start)
        if mark == MAGIC:
            body = start + FRAME.size + head_length
            yield CapturedRecord(
                json.loads(data[start + FRAME.size : body]), data[body:end], start, end
            )


def count_damaged(data: bytes) -> int:
    """How many stretches of a file's bytes are no record: damage, or an end that was torn off."""
    edges = [0, *(edge for span in _spans(data) for edge in span), len(data)]
    return sum(low < high for low, high in zip(edges[::2], edges[1::2], strict=True))


def erase(data: bytearray, record: CapturedRecord) -> None:
    """Overwrite a record with zeros, in place: what is left only says how long it was."""
    _, head_length, body_length, _ = FRAME.unpack_from(data, record.start)
    nothing = bytes(head_length + body_length)
    FRAME.pack_into(data, record.start, TOMBSTONE, head_length, body_length, zlib.crc32(nothing))
    data[record.start + FRAME.size : record.end] = nothing


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    """From where to where each whole record goes, the scrubbed ones too."""
    place = 0
    while (place := _next_mark(data, place)) >= 0:
        _, head_length, body_length, checksum = FRAME.unpack_from(data, place)
        begin = place + FRAME.size
        end = begin + head_length + body_length
        if end <= len(data) and zlib.crc32(data[begin:end]) == checksum:
            yield place, end
            place = end
        else:
            place += 1


def _next_mark(data: bytes, place: int) -> int:
    """Where the next mark is, if a frame fits there; -1 if there is none."""
    if data[place : place + len(MAGIC)] in (MAGIC, TOMBSTONE):
        spot = place
    else:
        spot = min((s for m in (MAGIC, TOMBSTONE) if (s := data.find(m, place)) >= 0), default=-1)
    return spot if 0 <= spot <= len(data) - FRAME.size else -1


def _head(head: dict[str, Any]) -> bytes:
    return json.dumps(head).encode()


def _framed(head: bytes, *body: memoryview) -> list[Buffer]:
    """A record's parts, to be written one after another."""
    checksum, length = zlib.crc32(head), 0
    for part in body:
        checksum = zlib.crc32(part, checksum)
        length += part.nbytes
    return [FRAME.pack(MAGIC, len(head), length, checksum), head, *body]
