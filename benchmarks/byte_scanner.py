"""Search files byte by byte for what could be left of a person: pixels, name, image ids.

It knows nothing of the formats of ZenML, MLflow or SQLite, so it also finds what is in freed pages
of a database, in write-ahead logs and in files that nobody refers to. Zip archives (.npz),
gzip files, PNG images and base64 text inside of HTML are decoded first.
"""

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS = (20, 44)
"""The pixel rows of each image that are searched for: one alone proves that the image is there."""

MIN_DISTINCT = 12
"""Rows with fewer grey levels, such as an empty background, could belong to anybody."""

EMBEDDED = re.compile(rb"base64,([A-Za-z0-9+/=]{64,})")
PNG, ZIP, GZIP = b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\x1f\x8b"
MAX_SCALE = 3
"""Images in PNG files are found if they are enlarged by a whole factor up to this one."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something of the person in a file.

    Attributes:
        file: The file.
        kind: "float32", "uint8", "base64", "png", "name" or "id".
        count: How often.
    """

    file: str
    kind: str
    count: int


class ByteScanner:
    """Searches for one person.

    Args:
        images: Their images (n, 64, 64) in [0, 1].
        names: Their name; only whole words count.
        ids: Content hashes of their images.
        others: Images of other people: pixel rows that these have, too, prove nothing.
    """

    def __init__(
        self,
        images: NDArray[np.float32],
        names: Sequence[str] = (),
        ids: Sequence[str] = (),
        others: NDArray[np.float32] | None = None,
    ) -> None:
        shared = set() if others is None else {row.tobytes() for row in _rows(others)}
        rows = [row for row in _rows(images) if row.tobytes() not in shared]
        self._float = [row.tobytes() for row in rows]
        self._byte = sorted({pixels for row in rows for pixels in _as_bytes(row)})
        self._base64 = [text for raw in (*self._float, *self._byte) for text in _in_base64(raw)]
        self._names = [pattern for name in names for pattern in _patterns(name)]
        self._ids = [text for identifier in ids for text in _encodings(identifier)]

    def scan_folders(self, folders: Iterable[Path]) -> list[Finding]:
        """Search every file in folders, in another process.

        Closing a file drops the locks that this process has on it, and SQLite relies on these:
        https://sqlite.org/howtocorrupt.html

        Args:
            folders: Folders, which are searched with all folders below; or files.

        Returns:
            What was found, sorted by file.
        """
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(_scan_folders, self, list(folders)).result()

    def scan(self, name: str, data: bytes) -> list[Finding]:
        """Search the content of one file, and its name.

        Args:
            name: The file's name.
            data: Its content.

        Returns:
            What was found, by kind.
        """
        counts: dict[str, int] = {}
        for part in (name.encode(), *_decoded(data)):
            for kind, count in self._count(part).items():
                counts[kind] = counts.get(kind, 0) + count
        return [Finding(name, kind, count) for kind, count in sorted(counts.items()) if count]

    def _count(self, data: bytes) -> dict[str, int]:
        counts = {
            "float32": sum(needle in data for needle in self._float),
            "uint8": sum(needle in data for needle in self._byte),
            "base64": sum(needle in data for needle in self._base64),
            "id": sum(data.count(needle) for needle in self._ids),
            "name": sum(len(needle.findall(data)) for needle in self._names),
        }
        if data.startswith(PNG):
            pictures = list(_pixels_of(data))
            counts["png"] = sum(any(n in picture for picture in pictures) for n in self._byte)
        return counts


def _scan_folders(scanner: ByteScanner, folders: Sequence[Path]) -> list[Finding]:
    files = (
        file
        for folder in folders
        for file in ([folder] if folder.is_file() else folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    )
    return sorted(found for file in files for found in scanner.scan(str(file), file.read_bytes()))


def _rows(images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    rows = (image[row] for image in images.astype(np.float32) for row in ROWS)
    return [row for row in rows if len(np.unique(row)) >= MIN_DISTINCT]


def _as_bytes(row: NDArray[np.float32]) -> Iterator[bytes]:
    """Return the row as grey levels, rounded and cut off."""
    yield (row * 255).round().astype(np.uint8).tobytes()
    yield (row * 255).astype(np.uint8).tobytes()


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Return what base64 text contains if it encodes `raw` anywhere: three alignments."""
    for skip in range(3):
        whole = (len(raw) - skip) // 3 * 3
        yield base64.b64encode(raw[skip : skip + whole])


def _encodings(text: str) -> tuple[bytes, bytes]:
    """Return text as files hold it: UTF-8, and UTF-32 in arrays of numpy."""
    return text.encode(), text.encode("utf-32-le")


def _patterns(name: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return what finds a name: as a word of a text, or anywhere in an array of numpy."""
    text, array = map(re.escape, _encodings(name))
    word = re.compile(rb"(?<![A-Za-z0-9])" + text + rb"(?![A-Za-z0-9])")
    return word, re.compile(array)


def _decoded(data: bytes) -> Iterator[bytes]:
    """Yield the data itself, and everything that is packed in it."""
    yield data
    if data.startswith(GZIP):
        yield from _decoded(gzip.decompress(data))
    elif data.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _decoded(archive.read(member))
    for match in EMBEDDED.finditer(data):
        yield from _decoded(base64.b64decode(match[1] + b"=="))


def _pixels_of(png: bytes) -> Iterator[bytes]:
    """Yield the grey levels of a picture, also with every second or third of them."""
    grey = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    for scale in range(1, MAX_SCALE + 1):
        for offset in range(scale):
            yield np.ascontiguousarray(grey[:, offset::scale]).tobytes()
