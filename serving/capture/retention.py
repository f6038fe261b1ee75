"""Write down the ids in closed files, move them to their place, drop those past their time.

    python -m serving.capture.retention FOLDER

The server does this by itself. A process of its own, since writing to a bucket takes a while. It
ends with 1 if there is something left to do: somebody else is at it, or a file could not be moved.
"""

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.capture.writer import ENDING, IDS, begun, requests_in, write_ids
from serving.settings import ServerSettings, read_settings


def main() -> int:
    """Look after one server's captured requests."""
    settings = read_settings(Path(sys.argv[1]))
    try:
        return 0 if maintain(settings) else 1
    except Exception as error:
        print(f"captured requests stay where they are for now: {error!r}", file=sys.stderr)
        return 1


def maintain(settings: ServerSettings) -> bool:
    """List, move and drop, unless somebody else is at it; whether it was done."""
    with exclusive_lock(settings.capture_folder) as first:
        if first:
            list_ids(settings.capture_folder)
            if settings.remote:
                upload_closed_files(settings.capture_folder, settings.capture_uri)
            drop_expired(settings, time.time())
    return first


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[bool]:
    """Whether nobody else is at work on a folder's closed files; nobody will be, meanwhile."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def closed_files(folder: Path) -> Iterator[Path]:
    """The files that nobody writes to any more, oldest first."""
    for file in sorted(folder.glob(f"*{ENDING}")):
        with file.open("rb") as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield file


def list_ids(folder: Path) -> None:
    """Write down the ids in files whose writer was killed before it could."""
    for file in closed_files(folder):
        if not file.with_suffix(IDS).exists():
            write_ids(file.with_suffix(""), requests_in(file.read_bytes()))


def upload_closed_files(folder: Path, place: str) -> None:
    """Move closed files to a URI; their ids stay here, so that feedback still finds them."""
    import fsspec

    system, path = fsspec.url_to_fs(place)
    if "file" in system.protocol:
        system.makedirs(path, exist_ok=True)
    for file in closed_files(folder):
        system.put_file(str(file), f"{path.rstrip('/')}/{file.name}")
        file.unlink()


def drop_expired(settings: ServerSettings, now: float) -> None:
    """Drop what is older than `retention_days`, here and at the capture's place."""
    oldest = now - 86_400 * settings.retention_days - settings.rotate_seconds
    for file in closed_files(settings.capture_folder):
        if begun(file.name) < oldest:
            file.unlink()
    for file in settings.capture_folder.glob(f"*{IDS}"):
        if begun(file.name) < oldest and not file.with_suffix(ENDING).exists():
            file.unlink()
    if settings.remote:
        try:
            _drop_at(settings.capture_uri, oldest)
        except OSError as error:
            # Who may add and not read leaves that to the bucket's own rules.
            if "Forbidden" not in str(error):
                raise


def _drop_at(place: str, oldest: float) -> None:
    import fsspec

    system, path = fsspec.url_to_fs(place)
    for name in system.glob(f"{path.rstrip('/')}/*{ENDING}"):
        if begun(name.rsplit("/", 1)[-1]) < oldest:
            system.rm_file(name)


if __name__ == "__main__":
    sys.exit(main())
