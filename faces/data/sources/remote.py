"""Somebody's own faces in a bucket: gs://bucket/people, laid out like a folder of faces."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from faces.data.sources.folder import SUFFIXES, TABLE
from faces.errors import UserError


def is_remote(source: str) -> bool:
    """Whether a source is the URI of a folder."""
    return "://" in source


@contextmanager
def local_copy(source: str) -> Iterator[Path]:
    """The folder `source`; of a URI a copy on this machine, gone when the block ends.

    Raises UserError if it cannot be read. An UserError of the block names `source`.
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
    """Copy what a folder of faces consists of, and nothing else; many files at a time."""
    import fsspec

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    try:
        system, root = fsspec.url_to_fs(source)
        found = {path.removeprefix(root).strip("/"): path for path in system.find(root)}
        wanted = sorted(name for name in found if _belongs(name))
        for person in {Path(name).parent for name in wanted}:
            (copy / person).mkdir(exist_ok=True)
        system.get([found[name] for name in wanted], [str(copy / name) for name in wanted])
    except ImportError as error:
        raise UserError(f"{source} cannot be read: {error}: make setup-gcp") from error
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{source} cannot be read: {why[:300]}") from error


def _belongs(name: str) -> bool:
    person, _, file = name.rpartition("/")
    if not person:
        return file == TABLE
    return "/" not in person and person[0] != "." and Path(file).suffix.lower() in SUFFIXES
