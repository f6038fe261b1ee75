"""Your own faces in a bucket: gs://bucket/people, laid out like a local folder of faces."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from faces.data.sources.folder import SUFFIXES, TABLE
from faces.errors import UserError


def is_remote(source: str) -> bool:
    """Return whether a source is the URI of a folder.

    Args:
        source: What the user gave as `--data`.

    Returns:
        True for URIs such as gs://bucket/people, False for names and local paths.
    """
    return "://" in source


@contextmanager
def local_copy(source: str) -> Iterator[Path]:
    """Provide a folder on this machine: the source itself, or a temporary copy of a URI.

    Args:
        source: The path or the URI of a folder.

    Yields:
        The folder. UserErrors that are raised inside the block name `source`, not the copy.

    Raises:
        UserError: If the URI cannot be read.
    """
    if not is_remote(source):
        yield Path(source)
        return
    with TemporaryDirectory(prefix="faces-") as copy:
        _fetch(source, Path(copy))
        try:
            yield Path(copy)
        except UserError as error:
            raise UserError(str(error).replace(copy, source.rstrip("/"))) from error


def _fetch(source: str, copy: Path) -> None:
    """Copy image files and conditions.csv, and only the names of others, which are then listed."""
    import fsspec

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    try:
        system, root = fsspec.url_to_fs(source)
        paths = {path.removeprefix(root).strip("/"): path for path in system.find(root)}
        paths = {name: path for name, path in paths.items() if not _is_hidden(name)}
        names = sorted(name for name in paths if _is_face_file(name))
        folders = {Path(name).parent.as_posix() for name in paths}
        for folder in folders:
            (copy / folder).mkdir(parents=True, exist_ok=True)
        for name in paths.keys() - set(names) - folders:  # a bucket may have objects for folders
            (copy / name).touch()
        system.get([paths[name] for name in names], [str(copy / name) for name in names])
    except ImportError as error:
        raise UserError(f"{source} cannot be read: {error}: make setup-gcp") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{source} cannot be read: {reason[:300]}") from error


def _is_face_file(name: str) -> bool:
    person, _, file = name.rpartition("/")
    if not person:
        return file == TABLE
    return "/" not in person and Path(file).suffix.lower() in SUFFIXES


def _is_hidden(name: str) -> bool:
    """Return whether a part of a name begins with a dot: hidden files, and ".." of a bucket."""
    return any(part.startswith(".") for part in name.split("/"))
