"""The faces in a picture: found in photos, and the picture itself if it is a crop of a face."""

import numpy as np
from numpy.typing import NDArray

from faces.data.detection import DetectedFace, find_faces
from faces.data.detection.quality import find_problems
from faces.data.sources.folder import AUTO, MIDDLE, is_crop, middle_square
from faces.runtime.image import IMAGE_SIDE

ENTIRE = 0
"""Votes of a face that was not searched, because the picture is a crop of a face."""


def locate_faces(picture: NDArray[np.float32], crop: str = AUTO) -> list[DetectedFace]:
    """Find the faces in a picture.

    Args:
        picture: Grey pixels (height, width) in [0, 1].
        crop: "faces" searches every picture, "middle" takes the middle square, and "auto" takes
            that of small, almost square pictures and searches all others.

    Returns:
        The faces, the largest first.

    Raises:
        UserError: If a picture has to be searched and OpenCV is not installed.
    """
    if crop == MIDDLE or (crop == AUTO and is_crop(picture)):
        height, width = picture.shape
        return [entire_face(middle_square(picture, IMAGE_SIDE), width, height)]
    return find_faces(picture)


def entire_face(image: NDArray[np.float32], width: int, height: int) -> DetectedFace:
    """Describe a picture that is a crop of a face.

    Args:
        image: Its middle square (64, 64) in [0, 1].
        width: Width of the picture in pixels.
        height: Its height.

    Returns:
        The face.
    """
    side = float(min(width, height))
    problems = find_problems(image, side)
    return DetectedFace(width / 2, height / 2, side, 0.0, ENTIRE, image, problems)
