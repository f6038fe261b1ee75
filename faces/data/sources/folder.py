"""Your own faces: a folder with one subfolder per person and, optionally, conditions.csv.

people/
    ada/  1.png 2.jpg …
    bob/  1.pgm …
    conditions.csv      file,yaw,lighting      file like ada/1.png
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data import sources
from faces.data.conditions import UNKNOWN
from faces.data.detection import Problem, choose_face, find_faces
from faces.data.image_decoder import ImageRefused, decode_image
from faces.data.sources.base import RawFaces
from faces.errors import UserError, did_you_mean

TABLE = "conditions.csv"
SUFFIXES = {".png", ".jpg", ".jpeg", ".pgm", ".webp"}
AUTO, FACES, MIDDLE = CROPS = ("auto", "faces", "middle")
"""How pictures are cropped: see `read_faces`."""

MAX_CROP_SIDE, MIN_CROP_RATIO = 256, 0.8
"""Pictures within these limits are crops of faces, such as those of Olivetti (92 × 112)."""

RESERVED = {
    "row", "id", "part", "label", "predicted", "confidence", "<person>", "<id>", "<origin>",
}  # fmt: skip
"""Columns that the project's own tables have next to the conditions."""


@dataclass(frozen=True, eq=False)
class FolderFaces:
    """The faces in a folder.

    Attributes:
        faces: Images (n, side, side) in [0, 1], the subfolder of each, and the conditions: the
            columns of conditions.csv, 'unknown' for missing cells; no columns without that file.
        skipped: The files that are not among them, each with the reason.
    """

    faces: RawFaces
    skipped: tuple[str, ...]


def read_faces(
    folder: str | Path, side: int = 64, crop: str = AUTO, minimum_people: int = 2
) -> FolderFaces:
    """Read every image in the subfolders of a folder.

    Args:
        folder: The folder.
        side: Side of the results in pixels.
        crop: "faces" finds the face in each picture, "middle" takes the middle square, and "auto"
            takes that of small, almost square pictures and finds the face in all others.
        minimum_people: Smallest number of people.

    Returns:
        The faces, and the files that are not among them, with the reasons.

    Raises:
        UserError: If a file cannot be read (the message names it), or for too few people.
    """
    root = Path(folder).expanduser()
    files = _image_files(root, minimum_people)
    skipped = _skipped_names(root, set(files))
    images: dict[Path, NDArray[np.float32]] = {}
    first_with: dict[str, Path] = {}
    for file in files:
        content = hashlib.sha256(_read(file)).hexdigest()
        first = first_with.setdefault(content, file)
        if first != file:
            skipped[file] = f"the same file as {first.relative_to(root)}"
            continue
        image = _crop(file, side, crop)
        if isinstance(image, Problem):
            skipped[file] = str(image)
        else:
            images[file] = image
    _check_people(root, list(images), skipped, minimum_people)
    labels = np.array([file.parent.name for file in images])
    table = _conditions(root, files).iloc[[files.index(file) for file in images]]
    raw = np.stack(list(images.values())), labels, table.reset_index(drop=True)
    names = {file.relative_to(root).as_posix(): reason for file, reason in skipped.items()}
    return FolderFaces(raw, tuple(f"{name}: {names[name]}" for name in sorted(names)))


def read_conditions(folder: str | Path) -> pd.DataFrame:
    """Read the conditions of the images in a folder, without reading the images.

    Args:
        folder: The folder.

    Returns:
        One row per image: the columns of conditions.csv, 'unknown' for missing cells; no columns
        without that file.

    Raises:
        UserError: If conditions.csv is malformed, or for fewer than two people.
    """
    root = Path(folder).expanduser()
    return _conditions(root, _image_files(root))


def _image_files(root: Path, minimum_people: int = 2) -> list[Path]:
    """Find the images, sorted."""
    check_folder(root)
    files = sorted(
        file
        for person in root.iterdir()
        if person.is_dir() and not person.name.startswith(".")
        for file in person.iterdir()
        if file.suffix.lower() in SUFFIXES
    )
    _check_people(root, files, {}, minimum_people)
    return files


def _check_people(
    root: Path, files: Sequence[Path], skipped: Mapping[Path, str], minimum: int
) -> None:
    people = {file.parent.name for file in files}
    if len(people) < minimum:
        problem = f"only '{people.pop()}' has any" if people else "none has any"
        example = next(
            (f" ({file.relative_to(root)}: {reason})" for file, reason in skipped.items()), ""
        )
        needed = "two subfolders" if minimum > 1 else "a subfolder"
        raise UserError(
            f"{root}: needs at least {needed}, one per person, with PNG, JPEG, PGM or WebP files; "
            f"{problem}{example}"
        )


def _skipped_names(root: Path, files: set[Path]) -> dict[Path, str]:
    """Return files that are no images of a person, with the reasons; hidden files do not count."""
    skipped = {}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if (
            path.is_dir()
            or path in files
            or path == root / TABLE
            or any(p[0] == "." for p in parts)
        ):
            continue
        if len(parts) == 1:
            skipped[path] = "it is in no person's subfolder"
        elif len(parts) > 2:
            skipped[path] = "it is in a nested folder: move it to the person's own"
        else:
            kind = path.suffix.lower() or "a file without suffix"
            skipped[path] = f"{kind} is not supported: convert it to PNG or JPEG"
    return skipped


def check_folder(folder: Path) -> None:
    """Check that a folder of faces exists.

    Args:
        folder: What the user gave as `--data`, if it is no named source.

    Raises:
        UserError: If there is no such folder; the message lists the sources that `--data` accepts.
    """
    if not folder.is_dir():
        names = sources.source_names()
        raise UserError(
            f"no folder '{folder}': {did_you_mean(str(folder), names)}"
            f"--data takes {', '.join(names)} or a folder"
        )


def read_image(file: Path, side: int, crop: str = MIDDLE) -> NDArray[np.float32]:
    """Read the face in an image file.

    Args:
        file: A PNG, JPEG, PGM or WebP file.
        side: Side of the result in pixels.
        crop: "auto", "faces" or "middle", as for `read_faces`.

    Returns:
        The face as grey (side, side) in [0, 1].

    Raises:
        UserError: If it cannot be read, or has no face or several.
    """
    image = _crop(file, side, crop)
    if isinstance(image, Problem):
        raise UserError(f"{file}: {image}: use another picture")
    return image


def _crop(file: Path, side: int, crop: str) -> "NDArray[np.float32] | Problem":
    try:
        picture = decode_image(_read(file))
    except ImageRefused as error:
        raise UserError(f"{file} {error}") from error
    if crop == MIDDLE or (crop == AUTO and is_crop(picture)):
        return middle_square(picture, side)
    face = choose_face(find_faces(picture))
    return face if isinstance(face, Problem) else face.image


def is_crop(picture: NDArray[np.float32]) -> bool:
    """Return whether a picture is a face already: small, and almost square.

    Args:
        picture: Grey pixels (height, width).
    """
    short, long = sorted(picture.shape)
    return bool(long <= MAX_CROP_SIDE and short >= MIN_CROP_RATIO * long)


def middle_square(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Crop the middle square of a picture, and resize it.

    Args:
        picture: Grey pixels (height, width) in [0, 1].
        side: Side of the result.

    Returns:
        Grey pixels (side, side) in [0, 1].
    """
    from PIL import Image, ImageOps

    image = ImageOps.fit(Image.fromarray(picture), (side, side), method=Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image, np.float32), 0, 1)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(_describe_unreadable(file, error)) from error


def _describe_unreadable(file: Path, error: OSError) -> str:
    """Explain why a file cannot be read, and how to fix it."""
    if isinstance(error, FileNotFoundError):
        folder = file.parent
        if not folder.is_dir():
            return f"no file '{file}': there is no folder '{folder}'"
        images = [other.name for other in folder.iterdir() if other.suffix.lower() in SUFFIXES]
        nearest = did_you_mean(file.name, images) or "name a PNG, JPEG, PGM or WebP file"
        return f"no file '{file}': {nearest}".strip()
    if isinstance(error, IsADirectoryError):
        return f"{file} is a folder: name an image file in it"
    if isinstance(error, PermissionError):
        return f"{file} cannot be read: permission denied: chmod u+r {file}"
    return f"{file} cannot be read: {error.strerror}"


def _conditions(root: Path, files: list[Path]) -> pd.DataFrame:
    path = root / TABLE
    names = [file.relative_to(root).as_posix() for file in files]
    if not path.exists():
        return pd.DataFrame(index=range(len(names)))
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except Exception as error:
        raise UserError(f"{path} cannot be read as a table: {error}") from error
    if "file" not in table:
        raise UserError(f"{path}: needs a column 'file', with entries like {names[0]}")
    if taken := sorted(RESERVED & set(table.columns)):
        raise UserError(f"{path}: a condition cannot be called '{taken[0]}': rename the column")
    if not table["file"].is_unique:
        twice = table["file"][table["file"].duplicated()].iloc[0]
        raise UserError(f"{path}: '{twice}' is listed twice: remove one line")
    if missing := sorted(set(table["file"]) - set(names)):
        raise UserError(f"{path}: no image '{missing[0]}' in {root}")
    rows = table.set_index("file").reindex(names).fillna(UNKNOWN).replace("", UNKNOWN)
    return rows.reset_index(drop=True)
