"""The picture files of a folder or bucket with any subfolders, for batch inference."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faces.data.detection import DetectedFace
from faces.data.image_decoder import ImageRefused, decode_image
from faces.data.photos import locate_faces
from faces.data.sources.folder import SUFFIXES
from faces.errors import UserError

Located = dict[str, list[DetectedFace] | str]
"""The faces of each picture; why it is skipped, if it cannot be read."""


class PictureFiles:
    """The picture files of a folder, or of a URI such as gs://bucket/photos.

    Args:
        source: The folder, or the URI.
        crop: How pictures are cropped: see `locate_faces`.

    Attributes:
        pictures: Their names, relative to the folder, in order; and a text for each that changes
            when the file does.
        skipped: Files that are no pictures, with the reasons.

    Raises:
        UserError: If the folder does not exist or cannot be read, or has no pictures.
    """

    def __init__(self, source: str, crop: str) -> None:
        self._source, self._crop = source, crop
        self._system, self._root, found = _list(source)
        names = {path.removeprefix(self._root).strip("/"): path for path in found}
        # A bucket may have objects for folders; that of the folder itself has no name.
        folders = {"", *(Path(name).parent.as_posix() for name in names)}
        visible = {n: names[n] for n in sorted(names.keys() - folders) if not _is_hidden(n)}
        self._paths = {name: path for name, path in visible.items() if _is_picture(name)}
        self.pictures: Mapping[str, str] = {
            name: _fingerprint(found[path]) for name, path in self._paths.items()
        }
        self.skipped: Mapping[str, str] = {
            name: f"{Path(name).suffix.lower() or 'a file without suffix'} is not supported"
            for name in visible
            if name not in self._paths
        }
        if not self.pictures:
            raise UserError(f"{source}: has no PNG, JPEG, PGM or WebP files")

    def locate(self, names: Sequence[str]) -> Located:
        """Read pictures, and find the faces in them.

        Args:
            names: Names of pictures; all of them are in memory at a time.

        Returns:
            The faces of each picture, or why it is skipped.

        Raises:
            UserError: If a picture has to be searched and OpenCV is not installed.
        """
        paths = [self._paths[name] for name in names]
        contents = self._system.cat(paths, on_error="return")
        if not isinstance(contents, dict):
            contents = {paths[0]: contents}
        return {name: self._locate(contents[path]) for name, path in zip(names, paths, strict=True)}

    def _locate(self, content: bytes | Exception) -> list[DetectedFace] | str:
        if isinstance(content, Exception):
            return f"cannot be read: {_in_one_line(content)}"
        try:
            return locate_faces(decode_image(content), self._crop)
        except ImageRefused as error:
            return str(error)


def _list(source: str) -> tuple[Any, str, dict[str, dict[str, Any]]]:
    """Return the file system, the path of the folder, and what is known about each file."""
    import fsspec

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    try:
        system, root = fsspec.url_to_fs(
            str(Path(source).expanduser()) if _is_local(source) else source
        )
        found = system.find(root, detail=True)
    except ImportError as error:
        raise UserError(f"{source} cannot be read: {error}: make setup-gcp") from error
    except Exception as error:
        raise UserError(f"{source} cannot be read: {_in_one_line(error)}") from error
    return system, root, found


def _is_local(source: str) -> bool:
    return "://" not in source


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _fingerprint(info: Mapping[str, Any]) -> str:
    """Return what changes when a file does, in a folder or a bucket."""
    return " ".join(str(info.get(key, "")) for key in ("size", "mtime", "etag", "generation"))
