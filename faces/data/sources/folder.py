"""Your own faces: a folder with one subfolder a person, and conditions.csv beside them if you like.

people/
    ada/  1.png 2.jpg …
    bob/  1.pgm …
    conditions.csv      file,yaw,lighting      file as in: ada/1.png
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.errors import UserError

TABLE = "conditions.csv"
SUFFIXES = {".png", ".jpg", ".jpeg", ".pgm"}
RESERVED = {"row", "id", "part", "label", "predicted", "confidence", "<person>"}
"""Names that the project's own tables use beside the conditions."""

UNKNOWN = "unknown"


def read_faces(
    folder: str | Path, side: int = 64
) -> tuple[NDArray[np.float32], NDArray[np.str_], pd.DataFrame]:
    """Read every image as grey, cropped to its middle square and resized to (side, side).

    Returns images (n, side, side) in [0, 1], the subfolder of each, and the condition table:
    the columns of conditions.csv, 'unknown' where it says nothing; no columns without that file.

    Raises UserError, naming the file, for what cannot be read and for fewer than two people.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise UserError(f"no folder '{folder}': --data takes auto, olivetti, synthetic or a folder")
    files = sorted(
        file
        for person in root.iterdir()
        if person.is_dir() and not person.name.startswith(".")
        for file in person.iterdir()
        if file.suffix.lower() in SUFFIXES
    )
    people = {file.parent.name for file in files}
    if len(people) < 2:
        found = f"only '{people.pop()}' has any" if people else "none has any"
        raise UserError(
            f"{root}: needs at least two subfolders, one a person, with PNG, JPEG or PGM files; "
            f"{found}"
        )
    images = np.stack([read_image(file, side) for file in files])
    names = [file.relative_to(root).as_posix() for file in files]
    return images, np.array([file.parent.name for file in files]), _conditions(root, names)


def read_image(file: Path, side: int) -> NDArray[np.float32]:
    """An image as grey (side, side) in [0, 1]: its middle square, resized. Raises UserError."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            upright = ImageOps.exif_transpose(picture)
            scale = 65535 if upright.mode.startswith("I") else 255
            grey = upright.convert("F" if scale == 65535 else "L")
            square = ImageOps.fit(grey, (side, side), method=Image.Resampling.BICUBIC)
            return np.clip(np.asarray(square, np.float32) / scale, 0, 1)
    except Exception as error:
        raise UserError(f"{file} cannot be read as an image: mend or remove it") from error


def _conditions(root: Path, names: list[str]) -> pd.DataFrame:
    path = root / TABLE
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
        raise UserError(f"{path}: '{twice}' stands there twice")
    if strangers := sorted(set(table["file"]) - set(names)):
        raise UserError(f"{path}: no image '{strangers[0]}' in {root}")
    rows = table.set_index("file").reindex(names).fillna(UNKNOWN).replace("", UNKNOWN)
    return rows.reset_index(drop=True)
