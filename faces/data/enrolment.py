"""People who are added to a data source: a folder with one subfolder of pictures for each."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from faces.data.conditions import UNKNOWN, USUAL_VALUES
from faces.data.dataset import Faces
from faces.data.sources import folder
from faces.errors import UserError
from faces.runtime.image import IMAGE_SIDE

NAME = re.compile(r"[^\W_](?:[\w .'-]{0,58}[\w.])?")
MIN_PICTURES, MAX_PICTURES = 3, 10


def check_name(name: str) -> str:
    """Check that a name can be that of a person and of a folder.

    Args:
        name: The name.

    Returns:
        The name without spaces around it.

    Raises:
        UserError: If it cannot.
    """
    stripped = name.strip()
    if not NAME.fullmatch(stripped):
        raise UserError(
            f"'{stripped}' cannot be used as a name: use up to 60 letters, digits, spaces and . - '"
        )
    return stripped


def add_enrolled(faces: Faces, enrolled: str | Path) -> Faces:
    """Add the people of a folder to a data set.

    They are taken to look as usual (a frontal head in even light), since they were photographed for
    this; so they belong to the default baseline.

    Args:
        faces: The data set.
        enrolled: The folder; "" adds nobody.

    Returns:
        The data set with their images at the end.

    Raises:
        UserError: If the folder does not exist, or has no usable picture.
    """
    if not enrolled:
        return faces
    found = folder.read_faces(enrolled, IMAGE_SIDE, minimum_people=1)
    images, labels, _ = found.faces
    usual = {name: USUAL_VALUES.get(name, (UNKNOWN,))[0] for name in map(str, faces.conditions)}
    table = pd.DataFrame([usual] * len(images), columns=faces.conditions.columns)
    return Faces(
        np.concatenate([faces.images, images]),
        np.concatenate([faces.labels, labels]),
        pd.concat([faces.conditions, table], ignore_index=True),
        faces.source,
        skipped=(*faces.skipped, *found.skipped),
    )
