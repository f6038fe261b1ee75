"""File format of captured requests: an append-only sequence of records, each with a checksum.

A record is a 16-byte frame (magic, length of head, length of body, CRC-32 of both), a head in JSON
and a body of arrays. Its `kind` is one of

- `model`: the classes of a model version; no body,
- `prediction`: an answered request; body: pixels, probabilities (float32), accepted (uint8),
- `shadow`: what another version would have answered to a request; body: probabilities, accepted,
  (of a large model, both have only the `top` most probable classes of each face, and their
  column numbers after the probabilities),
- `feedback`: labels for the faces of an earlier request, and their sender; no body.

Between records, there may be zeros: space that its writer keeps free. Since a writer may be killed
at any time, a file may end within a record, and contain a record twice; bytes may be damaged, too.
Incomplete and corrupt records are skipped and counted.
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import PIXELS

MAGIC, TOMBSTONE = b"FACE", b"GONE"
FRAME = struct.Struct("<4sIII")
MODEL, PREDICTION, SHADOW, FEEDBACK = "model", "prediction", "shadow", "feedback"
VERIFICATION = "verification-"
"""Prefix of request ids that only verify a deployment; they are no production traffic."""


@dataclass(frozen=True, eq=False)
class CapturedRecord:
    """A record and its position in its file.

    Attributes:
        head: The values of its JSON head.
        body: Its arrays, as bytes.
        start: Offset of its first byte in the file.
        end: Offset after its last byte.
    """

    head: dict[str, Any]
    body: bytes
    start: int
    end: int

    @property
    def kind(self) -> str:
        """One of `model`, `prediction`, `shadow`, `feedback`."""
        return str(self.head["kind"])

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The faces of a prediction, (n, 4096) in [0, 1]."""
        dtype = np.dtype(self.head["pixels"])
        values = np.frombuffer(self.body, dtype, self.head["faces"] * PIXELS)
        return to_unit_range(values).reshape(-1, PIXELS)

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probabilities of a prediction or shadow, (n, classes) or (n, top)."""
        faces, start = self.head["faces"], self._pixel_bytes
        numbers = (len(self.body) - faces - start) // (8 if "top" in self.head else 4)
        return np.frombuffer(self.body, "<f4", numbers, start).reshape(faces, -1)

    @property
    def columns(self) -> NDArray[np.int32] | None:
        """The class of each probability, (n, top); None if there are those of all classes."""
        faces, top = self.head["faces"], self.head.get("top")
        if top is None:
            return None
        start = self._pixel_bytes + 4 * faces * top
        return np.frombuffer(self.body, "<i4", faces * top, start).reshape(faces, top)

    @property
    def _pixel_bytes(self) -> int:
        pixels = self.head.get("pixels")
        return self.head["faces"] * PIXELS * np.dtype(pixels).itemsize if pixels else 0

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Whether each face of a prediction or shadow was accepted, (n,): False is "unknown"."""
        faces = self.head["faces"]
        return np.frombuffer(self.body, np.uint8, faces, len(self.body) - faces).astype(np.bool_)


def to_unit_range(values: NDArray[Any]) -> NDArray[np.float32]:
    """Convert pixels to [0, 1].

    Args:
        values: Pixels as uint8 (255 is white), or as float32 in [0, 1], which are returned as is.

    Returns:
        Pixels as float32 in [0, 1], of the same shape.
    """
    if values.dtype == np.uint8:
        return values * np.float32(1 / 255)
    return values


def model_record(version: str, classes: Sequence[str]) -> bytes:
    """Encode the classes of a model version: the columns of its probabilities.

    Args:
        version: The model's version.
        classes: Its class labels, in order.

    Returns:
        The record.
    """
    return _framed(_head({"kind": MODEL, "version": version, "classes": list(classes)}))


def prediction_record(
    request: str,
    time: float,
    version: str,
    pixels: NDArray[Any],
    probabilities: NDArray[np.float32],
    accepted: NDArray[np.bool_],
    columns: NDArray[np.int32] | None = None,
    crc32: Callable[[bytes], int] = zlib.crc32,
) -> bytes:
    """Encode an answered request.

    Args:
        request: Its id, without quotes and backslashes.
        time: Seconds since 1970.
        version: The version that answered, without quotes and backslashes.
        pixels: Faces (n, 4096), uint8 or float32 in [0, 1].
        probabilities: The answer, (n, classes).
        accepted: Whether each face was accepted, (n,); False means that it was answered "unknown".
        columns: The most probable classes of each face, if only these are kept, (n, top).
        crc32: Computes the checksum.

    Returns:
        The record.
    """
    # Every request comes through here: this takes a quarter of the time of json.dumps.
    top = 0 if columns is None else columns.shape[1]
    prefix = _prediction_prefix(version, len(pixels), pixels.dtype, top)
    head = f'{prefix}{int(time * 1e6)}e-6, "id": "{request}"}}'.encode()
    return _framed(head, (pixels, *_kept(probabilities, columns), accepted), crc32)


def shadow_record(
    request: str,
    time: float,
    version: str,
    probabilities: NDArray[np.float32],
    accepted: NDArray[np.bool_],
    columns: NDArray[np.int32] | None = None,
) -> bytes:
    """Encode what another version would have answered to a request.

    Args:
        request: The request's id.
        time: Seconds since 1970.
        version: The other version.
        probabilities: Its answer, (n, classes).
        accepted: Whether it accepts each face, (n,).
        columns: As of `prediction_record`.

    Returns:
        The record.
    """
    head: dict[str, Any] = {"kind": SHADOW, "id": request, "time": time, "version": version}
    head |= {"faces": len(accepted)} | ({} if columns is None else {"top": columns.shape[1]})
    return _framed(_head(head), (*_kept(probabilities, columns), accepted))


def feedback_record(request: str, time: float, sender: str, labels: Sequence[str]) -> bytes:
    """Encode the labels of an earlier request.

    Args:
        request: The request's id.
        time: When they were received, in seconds since 1970.
        sender: Who sent them; "" if unknown. Records of earlier versions have no sender.
        labels: The true label of each of its faces.

    Returns:
        The record.
    """
    head = {"kind": FEEDBACK, "id": request, "time": time, "sender": sender}
    return _framed(_head({**head, "labels": list(labels)}))


def read_records(data: bytes) -> Iterator[CapturedRecord]:
    """Read the intact records of a file; after damage, reading resumes at the next magic.

    Args:
        data: The file's bytes.

    Yields:
        The records, in file order; erased ones are left out. The same record may occur twice.
    """
    for start, end in _spans(data):
        magic, head_length, _, _ = FRAME.unpack_from(data, start)
        if magic == MAGIC:
            body = start + FRAME.size + head_length
            yield CapturedRecord(
                json.loads(data[start + FRAME.size : body]), data[body:end], start, end
            )


def distinct_records(data: bytes) -> Iterator[CapturedRecord]:
    """Read the intact records of a file, each once.

    Args:
        data: The file's bytes.

    Yields:
        The records, in file order; erased ones are left out.
    """
    seen = set()
    for record in read_records(data):
        key = record.kind, record.head.get("id"), record.head.get("time")
        if record.kind == MODEL or key not in seen:
            seen.add(key)
            yield record


def count_damaged(data: bytes) -> int:
    """Count the stretches of a file that are neither intact records nor zeros.

    Args:
        data: The file's bytes.

    Returns:
        The number of damaged stretches, an incomplete record at the end included.
    """
    edges = [0, *(edge for span in _spans(data) for edge in span), len(data)]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return sum(bool(data[low:high].strip(b"\0")) for low, high in gaps)


def erase(data: bytearray, record: CapturedRecord) -> None:
    """Overwrite a record with zeros, in place, so that only its length remains.

    Args:
        data: The file's bytes, which are changed.
        record: A record that `read_records` read from them.
    """
    _, head_length, body_length, _ = FRAME.unpack_from(data, record.start)
    zeros = bytes(head_length + body_length)
    FRAME.pack_into(data, record.start, TOMBSTONE, head_length, body_length, zlib.crc32(zeros))
    data[record.start + FRAME.size : record.end] = zeros


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each intact record, erased ones included."""
    start = 0
    while (start := _find_frame(data, start)) >= 0:
        _, head_length, body_length, checksum = FRAME.unpack_from(data, start)
        content = start + FRAME.size
        end = content + head_length + body_length
        if end <= len(data) and zlib.crc32(data[content:end]) == checksum:
            yield start, end
            start = end
        else:
            start += 1


def _find_frame(data: bytes, start: int) -> int:
    """Return the position of the next frame that is complete, or -1."""
    if data[start : start + len(MAGIC)] in (MAGIC, TOMBSTONE):
        position = start
    else:
        positions = (data.find(magic, start) for magic in (MAGIC, TOMBSTONE))
        position = min((p for p in positions if p >= 0), default=-1)
    return position if 0 <= position <= len(data) - FRAME.size else -1


def _kept(
    probabilities: NDArray[np.float32], columns: NDArray[np.int32] | None
) -> tuple[NDArray[Any], ...]:
    """Return the arrays of a record: all probabilities, or those of some columns, and these."""
    if columns is None:
        return (probabilities,)
    return np.take_along_axis(probabilities, columns, axis=1), columns.astype("<i4")


@lru_cache
def _prediction_prefix(version: str, faces: int, dtype: "np.dtype[Any]", top: int) -> str:
    """Return the beginning of the heads of similar predictions, up to the time."""
    head: dict[str, Any] = {"kind": PREDICTION, "version": version, "faces": faces}
    head |= {"pixels": dtype.str}
    head |= {"top": top} if top else {}
    return json.dumps(head).removesuffix("}") + ', "time": '


def _head(head: dict[str, Any]) -> bytes:
    return json.dumps(head).encode()


def _framed(
    head: bytes, arrays: Sequence[Any] = (), crc32: Callable[[bytes], int] = zlib.crc32
) -> bytes:
    """Put the frame before a record's head and arrays."""
    # One checksum of the copy takes less time than one of each array.
    content = b"".join((head, *arrays))
    return FRAME.pack(MAGIC, len(head), len(content) - len(head), crc32(content)) + content
