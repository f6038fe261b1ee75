"""What is wrong with a detected face, and which face of a portrait is meant."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from faces.data.detection.detector import DetectedFace

MIN_SIDE = 40
"""Pixels of a crop in the photo: smaller faces have less detail than the models use."""

MIN_BRIGHTNESS = 0.12
MIN_SHARPNESS = 0.006
"""A blur of two pixels of the crop leaves less than this: see `sharpness`."""

MUCH_LARGER = 1.5
"""A face whose side is this many times that of all others is the one that is meant."""


class Problem(StrEnum):
    """A reason why a picture is of little use."""

    NO_FACE = "no face was found"
    SEVERAL_FACES = "several faces were found"
    TOO_SMALL = "the face is too small"
    BLURRED = "the face is blurred"
    TOO_DARK = "the face is too dark"


def find_problems(image: NDArray[np.float32], side: float) -> tuple[Problem, ...]:
    """Check the quality of a crop.

    Args:
        image: The crop (64, 64) in [0, 1].
        side: Its side in pixels of the photo.

    Returns:
        Its problems; () if there are none.
    """
    found = {
        Problem.TOO_SMALL: side < MIN_SIDE,
        Problem.BLURRED: sharpness(image) < MIN_SHARPNESS,
        Problem.TOO_DARK: float(image.mean()) < MIN_BRIGHTNESS,
    }
    return tuple(problem for problem, is_present in found.items() if is_present)


def sharpness(image: NDArray[np.float32]) -> float:
    """Return the sharpness of a crop: the energy of its Laplacian, relative to its variance.

    Args:
        image: The crop (64, 64) in [0, 1].
    """
    laplacian = (
        4 * image[1:-1, 1:-1] - image[:-2, 1:-1] - image[2:, 1:-1]
        - image[1:-1, :-2] - image[1:-1, 2:]
    )  # fmt: skip
    return float(laplacian.var() / max(float(image.var()), 1e-6))


def choose_face(faces: Sequence["DetectedFace"]) -> "DetectedFace | Problem":
    """Choose the face of a portrait.

    Args:
        faces: The faces in a photo, the largest first.

    Returns:
        The only face, or one that is much larger than all others; else what is wrong.
    """
    if not faces:
        return Problem.NO_FACE
    largest = faces[0]
    if len(faces) > 1 and largest.side < MUCH_LARGER * faces[1].side:
        return Problem.SEVERAL_FACES
    return Problem.TOO_SMALL if Problem.TOO_SMALL in largest.problems else largest
