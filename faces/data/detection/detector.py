"""Find the faces in a photo, with their tilt, and crop them upright."""

from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from faces.data.detection.cascade import Candidate, find_candidates, verify
from faces.data.detection.crop import cut_square
from faces.data.detection.eyes import Frame, align_by_eyes
from faces.data.detection.quality import Problem, find_problems
from faces.errors import UserError
from faces.runtime.image import IMAGE_SIDE

BOX_TO_CROP = 1 / 1.20
"""Side of a training face's crop, relative to the cascade's box."""

CROP_BELOW_BOX = 0.092
"""How far the middle of that crop is below the middle of the box, relative to its side."""

MIN_VOTES = 12
"""Windows of the cascade that must agree on a face: fewer are mostly clutter."""

_ONE_AT_A_TIME = Lock()
"""OpenCV's cascades keep state, and use all cores for one photo."""

OVERLAP = 0.5
"""Faces whose centres are nearer than this share of the larger side are the same face."""


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """A face in a photo.

    Attributes:
        x: Centre of the crop in pixels of the photo.
        y: Centre of the crop.
        side: Side of the crop.
        tilt: By how many degrees the head is turned clockwise in the picture plane.
        votes: How many windows of the cascade agree.
        image: The upright crop, float32 (64, 64) in [0, 1].
        problems: What is wrong with it.
    """

    x: float
    y: float
    side: float
    tilt: float
    votes: int
    image: NDArray[np.float32]
    problems: tuple[Problem, ...]


def is_available() -> bool:
    """Return whether OpenCV is installed."""
    return find_spec("cv2") is not None


def find_faces(photo: NDArray[np.float32]) -> list[DetectedFace]:
    """Find every face in a photo.

    Args:
        photo: Grey pixels (height, width) in [0, 1], upright.

    Returns:
        The faces, the largest first.

    Raises:
        UserError: If OpenCV is not installed.
    """
    if not is_available():
        raise UserError("face detection needs OpenCV: make setup-app")
    import cv2

    grey = cv2.convertScaleAbs(photo, alpha=255)
    with _ONE_AT_A_TIME:
        verified = [face for c in find_candidates(grey) if (face := verify(grey, c))]
        kept: list[Candidate] = []
        for face in sorted(verified, key=lambda face: -face.votes):
            if face.votes >= MIN_VOTES and not any(_same(face, other) for other in kept):
                kept.append(face)
        return sorted((_crop(photo, grey, face) for face in kept), key=lambda face: -face.side)


def _same(one: Candidate, other: Candidate) -> bool:
    distance = np.hypot(one.x - other.x, one.y - other.y)
    return bool(distance < OVERLAP * max(one.side, other.side))


def _crop(photo: NDArray[np.float32], grey: NDArray[np.uint8], box: Candidate) -> DetectedFace:
    """Cut a face out, upright and framed like the training faces."""
    side, angle = box.side * BOX_TO_CROP, np.deg2rad(box.tilt)
    x = box.x - CROP_BELOW_BOX * side * np.sin(angle)
    y = box.y + CROP_BELOW_BOX * side * np.cos(angle)
    frame = align_by_eyes(grey, Frame(float(x), float(y), side, box.tilt))
    square = cut_square(photo, frame.x, frame.y, frame.side, frame.tilt, IMAGE_SIDE)
    image = np.asarray(square.pixels.clip(0, 1), np.float32)
    problems = find_problems(image, frame.side)
    return DetectedFace(frame.x, frame.y, frame.side, frame.tilt, box.votes, image, problems)
