"""Read capture files from folders and buckets, and delete requests from them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from io import FileIO
from pathlib import Path

from faces.runtime.capture_format import MODEL, PREDICTION, CapturedRecord, erase, read_records
from serving.capture.append_file import BUFFER_BYTES
from serving.capture.files import capture_files, remote_capture_files, started_at
from serving.capture.locks import BufferLock, try_lock
from serving.settings import MAX_ROTATE_SECONDS

FILES_PER_DOWNLOAD = 16
"""Files that are downloaded concurrently, and held in memory."""

Predicate = Callable[[CapturedRecord], bool]


def read_files(locations: Sequence[str], since: float = 0) -> Iterator[bytes]:
    """Read capture files.

    Args:
        locations: Folders, or URIs such as gs://bucket/folder.
        since: Leave out files that cannot contain anything newer, in seconds since 1970: a bucket
            may hold tens of thousands.

    Yields:
        The bytes of each file.
    """
    for location in locations:
        if "://" in location:
            yield from _download(location, since)
        else:
            for file in capture_files(Path(location).expanduser()):
                if _may_contain(file.name, since):
                    yield file.read_bytes()


def delete_captured(
    locations: Sequence[str], *, before: float | None = None, request: str | None = None
) -> int:
    """Delete captured requests by age or by id.

    Pixels, predictions and feedback are overwritten with zeros in place, even while a server is
    writing to the same file. A closed file of which nothing remains is removed.

    Args:
        locations: Folders, or URIs such as gs://bucket/folder.
        before: Delete everything captured before this time, in seconds since 1970.
        request: Delete the request with this id, and its feedback.

    Returns:
        The number of predictions deleted.
    """

    def matches(record: CapturedRecord) -> bool:
        expired = before is not None and float(record.head["time"]) < before
        return expired or bool(record.head["id"] == request)

    return sum(
        _delete_at_uri(location, matches)
        if "://" in location
        else _delete_in_folder(Path(location).expanduser(), matches)
        for location in locations
    )


def _download(uri: str, since: float) -> Iterator[bytes]:
    import fsspec

    system, path = fsspec.url_to_fs(uri)
    names = [
        name
        for name in remote_capture_files(system, path)
        if _may_contain(name.rsplit("/", 1)[-1], since)
    ]
    for start in range(0, len(names), FILES_PER_DOWNLOAD):
        yield from system.cat(names[start : start + FILES_PER_DOWNLOAD]).values()


def _may_contain(name: str, since: float) -> bool:
    """Return whether a file may contain something newer, by its name: it is open a day at most."""
    return started_at(name) > since - MAX_ROTATE_SECONDS


def _delete_in_folder(folder: Path, matches: Predicate) -> int:
    return sum(_delete_in_file(file, matches) for file in capture_files(folder))


def _delete_in_file(file: Path, matches: Predicate) -> int:
    # Without Python's buffer, nothing is written but what is erased.
    with file.open("r+b", buffering=0) as opened:
        # A record that is no longer in the buffer is after it, where it is found below.
        with closing(BufferLock(file.parent)) as lock, lock:
            deleted, buffered = _erase(opened, matches, 0, BUFFER_BYTES)
        more, remaining = _erase(opened, matches, BUFFER_BYTES, -1)
        deleted += more
        if deleted:
            os.fsync(opened.fileno())
        if deleted and not buffered + remaining and try_lock(opened) and _is_empty(file):
            file.unlink()
    return _count_predictions(deleted)


def _erase(
    file: FileIO, matches: Predicate, after: int, size: int
) -> tuple[list[CapturedRecord], list[CapturedRecord]]:
    """Erase matching records of the first bytes of a file (-1: all) that end after a position.

    Returns:
        The erased and the remaining ones; see `_partition`.
    """
    file.seek(0)
    data = bytearray(file.read(size))
    deleted, remaining = _partition(data, lambda record: record.end > after and matches(record))
    for record in deleted:
        erase(data, record)
        file.seek(record.start)
        file.write(data[record.start : record.end])
    return deleted, [record for record in remaining if record.end > after]


def _count_predictions(records: Iterable[CapturedRecord]) -> int:
    """Count predictions; one that a killed server left twice in its file counts once."""
    requests = ((r.head["id"], r.head["time"]) for r in records if r.kind == PREDICTION)
    return len(set(requests))


def _is_empty(file: Path) -> bool:
    """Return whether nothing remains: a writer may have added requests since it was read."""
    return all(record.kind == MODEL for record in read_records(file.read_bytes()))


def _delete_at_uri(uri: str, matches: Predicate) -> int:
    import fsspec

    system, path = fsspec.url_to_fs(uri)
    count = 0
    for name in remote_capture_files(system, path):
        data = bytearray(system.cat_file(name))
        deleted, remaining = _partition(data, matches)
        if not deleted:
            continue
        if not remaining:
            system.rm_file(name)
        else:
            for record in deleted:
                erase(data, record)
            system.pipe_file(name, bytes(data))
        count += _count_predictions(deleted)
    return count


def _partition(
    data: bytearray, matches: Predicate
) -> tuple[list[CapturedRecord], list[CapturedRecord]]:
    """Split all records but the lists of classes into those that match and those that do not."""
    deleted: list[CapturedRecord] = []
    remaining: list[CapturedRecord] = []
    for record in read_records(bytes(data)):
        if record.kind != MODEL:
            (deleted if matches(record) else remaining).append(record)
    return deleted, remaining
