"""Capture-file maintenance: upload closed files, delete expired ones.

    python -m serving.capture.retention FOLDER

The server starts this itself (serving/capture/background.py). The exit code is 1 if work remains:
another process is maintaining the folder, or a file could not be uploaded.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from serving.capture.clock import is_trusted
from serving.capture.files import capture_files, remote_capture_files, started_at
from serving.capture.locations import read_locations
from serving.capture.locks import folder_lock, try_lock
from serving.settings import ServerSettings, log_file, read_settings

DAY_SECONDS = 86_400
MAX_LOG_BYTES = 10_000_000
NICENESS = 10
"""Requests come first."""


def main() -> int:
    """Maintain the capture files of one server.

    Returns:
        Exit code: 1 if work remains, else 0.
    """
    os.nice(NICENESS)
    settings = read_settings(Path(sys.argv[1]))
    try:
        return 0 if maintain(settings) else 1
    except Exception as error:
        print(f"captured requests were not uploaded yet: {error!r}", file=sys.stderr)
        return 1


def maintain(settings: ServerSettings) -> bool:
    """Upload closed files and delete expired ones, unless another process is doing it.

    Args:
        settings: The server's settings.

    Returns:
        Whether it was done.

    Raises:
        OSError: If a file cannot be uploaded or deleted.
    """
    with folder_lock(settings.capture_folder) as locked:
        if locked:
            if settings.remote:
                upload_closed_files(settings.capture_folder, settings.capture_uri)
            shorten_log(log_file(Path(settings.folder)))
            delete_oldest(settings.capture_folder, settings.max_capture_bytes)
            if is_trusted(Path(settings.folder)):
                delete_expired(settings, time.time())
    return locked


def closed_files(folder: Path) -> Iterator[Path]:
    """Find the files that no process writes to any more.

    Args:
        folder: The folder of capture files.

    Yields:
        Their paths, oldest first; each is locked until the next is asked for.
    """
    for file in capture_files(folder):
        with file.open("rb") as opened:
            if try_lock(opened):
                yield file


def upload_closed_files(folder: Path, uri: str) -> None:
    """Move closed files to a URI. A file that fails does not hold back the others.

    Args:
        folder: The folder of capture files.
        uri: A folder that fsspec knows, such as gs://bucket/folder.

    Raises:
        OSError: If files cannot be uploaded, the first of their errors; they stay where they are.
    """
    import fsspec

    errors: list[OSError] = []

    system, path = fsspec.url_to_fs(uri)
    if "file" in system.protocol:
        system.makedirs(path, exist_ok=True)
    for file in closed_files(folder):
        try:
            # An object that exists was uploaded by an attempt whose response was lost, and this
            # server may not replace it.
            with suppress(FileExistsError):
                system.put_file(str(file), f"{path.rstrip('/')}/{file.name}", mode="create")
            file.unlink()
        except OSError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def delete_expired(settings: ServerSettings, now: float) -> None:
    """Delete the files whose requests are all older than `retention_days`.

    That includes uploaded files, and those in locations that were used before the present one.

    Args:
        settings: The server's settings.
        now: Seconds since 1970.

    Raises:
        OSError: If a file cannot be deleted. A bucket in which this server may not delete is left
            to its own lifecycle rules.
    """
    oldest = now - DAY_SECONDS * settings.retention_days - settings.rotate_seconds
    present = [str(settings.capture_folder)] + [settings.capture_uri] * settings.remote
    for location in dict.fromkeys([*present, *read_locations(Path(settings.folder))]):
        if "://" in location:
            _delete_expired_at_uri(location, oldest)
        else:
            for file in closed_files(Path(location)):
                if started_at(file.name) < oldest:
                    file.unlink()


def delete_oldest(folder: Path, max_bytes: int) -> None:
    """Delete the oldest closed files until a folder is small enough.

    Args:
        folder: The folder of capture files.
        max_bytes: The largest size of all files.
    """
    size = sum(file.stat().st_size for file in capture_files(folder))
    for file in closed_files(folder):
        if size <= max_bytes:
            return
        size -= file.stat().st_size
        file.unlink()
        print(f"deleted {file.name}: captured requests exceed {max_bytes} bytes", file=sys.stderr)


def shorten_log(file: Path) -> None:
    """Move a long log aside, and keep one old log.

    The server keeps the file open for appending, so it is copied and emptied, not renamed.

    Args:
        file: The log, which may be missing.
    """
    if file.exists() and file.stat().st_size > MAX_LOG_BYTES:
        shutil.copy(file, file.with_name(f"{file.name}.1"))
        os.truncate(file, 0)


def _delete_expired_at_uri(uri: str, oldest: float) -> None:
    import fsspec

    system, path = fsspec.url_to_fs(uri)
    try:
        for name in remote_capture_files(system, path):
            if started_at(name.rsplit("/", 1)[-1]) < oldest:
                system.rm_file(name)
    except OSError as error:
        if "Forbidden" not in str(error):
            raise


if __name__ == "__main__":
    sys.exit(main())
