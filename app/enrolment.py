"""Enrol people: check their pictures, keep the faces, and train with them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faces.data.detection import DetectedFace, Problem, choose_face
from faces.data.enrolment import check_name
from faces.data.image_decoder import ImageRefused, decode_image
from faces.data.photos import locate_faces
from faces.errors import UserError
from faces.reports.png import grey_png
from store.enrolled_people import enrolment_folder


def check_picture(picture: bytes | Path) -> DetectedFace:
    """Find the face in a picture for the enrolment.

    Args:
        picture: A PNG, JPEG, PGM or WebP file, or its content.

    Returns:
        The face.

    Raises:
        UserError: If there is not exactly one, or it is too small, blurred or dark.
    """
    name = f"{picture}" if isinstance(picture, Path) else "the picture"
    try:
        data = picture.read_bytes() if isinstance(picture, Path) else picture
        face = choose_face(locate_faces(decode_image(data)))
    except ImageRefused as error:
        raise UserError(f"{name} {error}") from error
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}") from error
    problem = face if isinstance(face, Problem) else next(iter(face.problems), None)
    if problem is not None or isinstance(face, Problem):
        raise UserError(f"{name}: {problem}: take another picture")
    return face


def keep_faces(name: str, images: Sequence[NDArray[np.float32]]) -> list[Path]:
    """Write the faces of a person into the folder of enrolled people.

    Args:
        name: The person.
        images: Faces (64, 64) in [0, 1].

    Returns:
        The files.

    Raises:
        UserError: If the name cannot be used.
    """
    folder = enrolment_folder() / check_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    first = 1 + max((int(file.stem) for file in folder.glob("*.png")), default=0)
    files = [folder / f"{number}.png" for number in range(first, first + len(images))]
    for file, image in zip(files, images, strict=True):
        file.write_bytes(grey_png(image))
    return files


def discard_files(files: Sequence[Path]) -> None:
    """Delete faces that were kept in vain, and the person's folder if it is empty then.

    Args:
        files: What `keep_faces` returned.
    """
    for file in files:
        file.unlink(missing_ok=True)
    if not any(files[0].parent.iterdir()):
        files[0].parent.rmdir()
