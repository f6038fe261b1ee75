"""Your own faces: a folder with one subfolder per person and, optionally, conditions.csv.

people/
    ada/  1.png 2.jpg …
    bob/  1.pgm …
    conditions.csv      file,yaw,lighting      file like ada/1.png
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data import sources
from faces.data.conditions import UNKNOWN
from faces.data.sources.base import RawFaces
from faces.errors import UserError, did_you_mean

TABLE = "conditions.csv"
SUFFIXES = {".png", ".jpg", ".jpeg", ".pgm"}
RESERVED = {
    "row", "id", "part", "label", "predicted", "confidence", "<person>", "<id>", "<origin>",
}  # fmt: skip
"""Columns that the project's own tables have next to the conditions."""


def read_faces(folder: str | Path, side: int = 64) -> RawFaces:
    """Read every image in the subfolders of a folder.

    Args:
        folder: The folder.
        side: Images are converted to grey, cropped to the middle square and resized to this side.

    Returns:
        Images (n, side, side) in [0, 1], the subfolder of each, and the conditions: the columns of
        conditions.csv, 'unknown' for missing cells; no columns without that file.

    Raises:
        UserError: If a file cannot be read (the message names it), or for fewer than two people.
    """
    root = Path(folder).expanduser()
    files = _image_files(root)
    images = np.stack([read_image(file, side) for file in files])
    return images, np.array([file.parent.name for file in files]), _conditions(root, files)


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


def _image_files(root: Path) -> list[Path]:
    """Find the images of at least two people, sorted."""
    check_folder(root)
    files = sorted(
        file
        for person in root.iterdir()
        if person.is_dir() and not person.name.startswith(".")
        for file in person.iterdir()
        if file.suffix.lower() in SUFFIXES
    )
    people = {file.parent.name for file in files}
    if len(people) < 2:
        problem = f"only '{people.pop()}' has any" if people else "none has any"
        raise UserError(
            f"{root}: needs at least two subfolders, one per person, with PNG, JPEG or PGM files; "
            f"{problem}"
        )
    return files


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


def read_image(file: Path, side: int) -> NDArray[np.float32]:
    """Read an image file.

    Args:
        file: A file in any format that Pillow reads.
        side: Side of the result in pixels.

    Returns:
        The middle square as grey (side, side) in [0, 1].

    Raises:
        UserError: If it cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            upright = ImageOps.exif_transpose(opened)
            scale = 65535 if upright.mode.startswith("I") else 255
            grey = upright.convert("F" if scale == 65535 else "L")
            square = ImageOps.fit(grey, (side, side), method=Image.Resampling.BICUBIC)
            return np.clip(np.asarray(square, np.float32) / scale, 0, 1)
    except Exception as error:
        raise UserError(_describe_unreadable(file, error)) from error


def _describe_unreadable(file: Path, error: Exception) -> str:
    """Explain why a file cannot be read as an image, and how to fix it."""
    from PIL import UnidentifiedImageError

    if isinstance(error, FileNotFoundError):
        folder = file.parent
        if not folder.is_dir():
            return f"no file '{file}': there is no folder '{folder}'"
        images = [other.name for other in folder.iterdir() if other.suffix.lower() in SUFFIXES]
        nearest = did_you_mean(file.name, images) or "name a PNG, JPEG or PGM file"
        return f"no file '{file}': {nearest}".strip()
    if isinstance(error, IsADirectoryError):
        return f"{file} is a folder: name an image file in it"
    if isinstance(error, PermissionError):
        return f"{file} cannot be read: permission denied: chmod u+r {file}"
    if file.stat().st_size == 0:
        return f"{file} is empty: replace or remove it"
    if isinstance(error, UnidentifiedImageError):
        return f"{file} is not an image: replace it with a PNG, JPEG or PGM file, or remove it"
    return f"{file} cannot be decoded ({error}): replace or remove it"


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
