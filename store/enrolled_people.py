"""The folder of people who were enrolled in the app: one subfolder of faces for each."""

import shutil
from collections.abc import Collection
from pathlib import Path

from zenml.config.global_config import GlobalConfiguration

FOLDER = "faces-enrolled"


def enrolment_folder() -> Path:
    """Return the folder of enrolled people on this machine, which need not exist."""
    return Path(GlobalConfiguration().config_directory) / FOLDER


def delete_enrolled(names: Collection[str]) -> int:
    """Delete the faces of people from the folder of enrolled people.

    Args:
        names: Names of people.

    Returns:
        The number of faces.
    """
    folder, count = enrolment_folder(), 0
    for person in folder.iterdir() if folder.is_dir() else ():
        if person.name in names:
            count += len(list(person.iterdir()))
            shutil.rmtree(person)
    return count
