"""Capture files where they lie, in folders or buckets: read them, and delete from them."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from faces.runtime.capture_format import FEEDBACK, PREDICTION, CapturedRecord, erase, read_records
from serving.capture.writer import ENDING, IDS, begun, write_ids
from serving.settings import MAX_ROTATE_SECONDS

TOGETHER = 16
"""Files that are fetched at the same time."""

Chooses = Callable[[CapturedRecord], bool]


def read_files(places: Sequence[str], since: float = 0) -> Iterator[bytes]:
    """The bytes of every capture file in folders or at URIs such as gs://bucket/folder.

    Files that can hold nothing newer than `since` (in seconds since 1970) are left out: in a bucket
    there may be tens of thousands.
    """
    for place in places:
        if "://" in place:
            import fsspec

            system, path = fsspec.url_to_fs(place)
            found = sorted(system.glob(f"{path.rstrip('/')}/*{ENDING}"))
            wanted = [name for name in found if may_hold(name.rsplit("/", 1)[-1], since)]
            for start in range(0, len(wanted), TOGETHER):
                yield from system.cat(wanted[start : start + TOGETHER]).values()
        else:
            for file in sorted(Path(place).expanduser().glob(f"*{ENDING}")):
                if may_hold(file.name, since):
                    yield file.read_bytes()


def may_hold(name: str, since: float) -> bool:
    """Whether a file of this name may hold something newer: it was written to for a day at most."""
    return begun(name) > since - MAX_ROTATE_SECONDS


def delete_captured(
    places: Sequence[str], *, before: float | None = None, request: str | None = None
) -> int:
    """Delete what was captured before a time (in seconds since 1970), or for a request id.

    Pixels, answers and feedback are overwritten with zeros where they lie, also while a server
    writes to the same file; a file of which nothing is left is removed. Returns how many
    predictions are gone.
    """

    def matches(record: CapturedRecord) -> bool:
        if record.kind not in (PREDICTION, FEEDBACK):
            return False
        old = before is not None and float(record.head["time"]) < before
        return old or bool(record.head["id"] == request)

    return sum(
        _delete_at_uri(place, matches)
        if "://" in place
        else _delete_in_folder(Path(place).expanduser(), matches)
        for place in places
    )


def _delete_in_folder(folder: Path, matches: Chooses) -> int:
    count = 0
    for file in sorted(folder.glob(f"*{ENDING}")):
        data = bytearray(file.read_bytes())
        records = list(read_records(bytes(data)))
        deleted = [record for record in records if matches(record)]
        if not deleted:
            continue
        with file.open("r+b") as opened:
            for record in deleted:
                erase(data, record)
                opened.seek(record.start)
                opened.write(data[record.start : record.end])
            opened.flush()
            os.fsync(opened.fileno())
            left = [record for record in records if record not in deleted]
            _tidy(file, opened.fileno(), left)
        count += sum(record.kind == PREDICTION for record in deleted)
    return count


def _tidy(file: Path, descriptor: int, left: list[CapturedRecord]) -> None:
    """Bring a closed file's ids up to date; remove both if nothing is left."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    kept = {r.head["id"]: r.head["faces"] for r in left if r.kind == PREDICTION}
    if kept or any(record.kind == FEEDBACK for record in left):
        write_ids(file.with_suffix(""), kept)
    else:
        file.unlink()
        file.with_suffix(IDS).unlink(missing_ok=True)


def _delete_at_uri(place: str, matches: Chooses) -> int:
    import fsspec

    system, path = fsspec.url_to_fs(place)
    count = 0
    for name in system.glob(f"{path.rstrip('/')}/*{ENDING}"):
        data = bytearray(system.cat_file(name))
        records = list(read_records(bytes(data)))
        deleted = [record for record in records if matches(record)]
        if len(deleted) == sum(record.kind in (PREDICTION, FEEDBACK) for record in records):
            system.rm_file(name)
        elif deleted:
            for record in deleted:
                erase(data, record)
            system.pipe_file(name, bytes(data))
        count += sum(record.kind == PREDICTION for record in deleted)
    return count
