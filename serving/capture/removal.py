"""Remove requests from capture files so that not even their place remains.

`reader.delete_captured` overwrites requests in place, since a server may be writing to the same
file; an empty record of the same length stays. Here the server is first asked to close its files.
Then they are replaced by copies without the requests.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faces.runtime.capture_format import (
    MODEL,
    PREDICTION,
    CapturedRecord,
    distinct_records,
    model_record,
)
from serving.capture.files import (
    CLOSE_REQUEST,
    SUFFIX,
    capture_files,
    remote_capture_files,
)
from serving.capture.locks import folder_lock, try_lock
from serving.settings import atomic_write

CLOSE_TIMEOUT_SECONDS = 20.0
"""How long a server may take to close its capture files, and other maintenance to finish."""

POLL_SECONDS = 0.1

Predicate = Callable[[CapturedRecord], bool]


def remove_captured(
    locations: Sequence[str], matches: Predicate, people: Collection[str] = ()
) -> int:
    """Remove predictions and feedback, and names from the lists of classes.

    Overwritten and damaged records of the same files are removed, too. Files of which nothing
    remains are deleted.

    Args:
        locations: Folders, or URIs such as gs://bucket/folder.
        matches: Whether a prediction or a feedback record is removed.
        people: Names to remove from the classes of model versions.

    Returns:
        The number of predictions that were removed.

    Raises:
        TimeoutError: If a server does not close its files.
    """
    return sum(
        _remove_at_uri(location, matches, people)
        if "://" in location
        else _remove_in_folder(Path(location).expanduser(), matches, people)
        for location in locations
    )


def without_records(
    data: bytes, matches: Predicate, people: Collection[str] = ()
) -> tuple[bytes, int]:
    """Return a capture file's content without some of its records.

    Args:
        data: The file's content.
        matches: Whether a prediction or a feedback record is removed.
        people: Names to remove from the classes of model versions.

    Returns:
        The content, b"" if only lists of classes would remain; and how many predictions it lost.
        It is the same if there is nothing to remove but zeros.
    """
    parts: list[bytes] = []
    others: list[bytes] = []  # what is between the records
    removed, anything, changed, end = 0, False, False, 0
    for record in distinct_records(data):
        others.append(data[end : record.start])
        end = record.end
        whole = data[record.start : end]
        if record.kind == MODEL:
            parts.append(_without_names(record, people, data))
            changed |= parts[-1] != whole
        elif matches(record):
            removed += record.kind == PREDICTION
            changed = True
        else:
            parts.append(whole)
            anything = True
    others.append(data[end:])
    if anything and not changed and not b"".join(others).strip(b"\0"):
        return data, 0
    return b"".join(parts) if anything else b"", removed


def _without_names(record: CapturedRecord, people: Collection[str], data: bytes) -> bytes:
    """Replace the names by "": the columns of probabilities keep their places."""
    classes = record.head["classes"]
    if not set(people) & set(classes):
        return data[record.start : record.end]
    kept = ["" if name in people else name for name in classes]
    return model_record(record.head["version"], kept)


def _remove_in_folder(folder: Path, matches: Predicate, people: Collection[str]) -> int:
    if not folder.exists():
        return 0
    count = 0
    with _exclusive(folder):
        for part in folder.glob(f".*{SUFFIX}.*"):
            part.unlink()  # a killed removal was writing it
        for file in _closed_by_server(folder):
            data = file.read_bytes()
            rest, removed = without_records(data, matches, people)
            if not rest:
                file.unlink()
            elif rest != data:
                atomic_write(file, rest)
            count += removed
    return count


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Wait for other maintenance of the folder's files to finish, and keep it out."""
    deadline = time.monotonic() + CLOSE_TIMEOUT_SECONDS
    while True:
        with folder_lock(folder) as locked:
            if locked:
                yield
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"another process is maintaining {folder}")
        time.sleep(POLL_SECONDS)


def _closed_by_server(folder: Path) -> Iterator[Path]:
    """Have the server close the files that are there now, and yield each when it is closed."""
    files = capture_files(folder)
    (folder / CLOSE_REQUEST).touch()
    deadline = time.monotonic() + CLOSE_TIMEOUT_SECONDS
    for file in files:
        while True:
            with file.open("rb") as opened:
                if try_lock(opened):
                    yield file
                    break
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server does not close {file}")
            time.sleep(POLL_SECONDS)


def _remove_at_uri(uri: str, matches: Predicate, people: Collection[str]) -> int:
    import fsspec

    system, path = fsspec.url_to_fs(uri)
    count = 0
    for name in remote_capture_files(system, path):
        data = system.cat_file(name)
        rest, removed = without_records(data, matches, people)
        if not rest:
            system.rm_file(name)
        elif rest != data:
            system.pipe_file(name, rest)
        count += removed
    return count
