"""Align a face by the line between its eyes, where both are found."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.data.detection.crop import cut_square

CASCADES = ("haarcascade_eye_tree_eyeglasses.xml", "haarcascade_eye.xml")
"""The second one is tried if the first one finds nothing."""

PATCH, MARGIN = 192, 1.2
"""Side of the patch that is searched; its size relative to the face."""

TOP, BOTTOM = 0.12, 0.6
"""Part of the patch that is searched for eyes."""

MIN_EYE, MAX_EYE = 28, 64
EYE_DISTANCE, EYES_ABOVE_MIDDLE = 0.489, 0.234
"""Where the eyes of the Olivetti faces are, relative to the side of their crops."""

WEIGHT = 0.6
"""How much the eyes count, compared with the votes of the face's cascade: both have errors."""

MAX_TURN, MAX_GROWTH = 8.0, 1.25
"""Eyes that would turn the crop by more degrees, or change its size by more, are mistakes."""


@dataclass(frozen=True)
class Frame:
    """A rotated square around a face.

    Attributes:
        x: Its centre in pixels of the photo.
        y: Its centre.
        side: Its side.
        tilt: Its rotation in degrees, clockwise.
    """

    x: float
    y: float
    side: float
    tilt: float


@functools.cache
def _cascade(name: str) -> Any:
    import cv2
    from cv2 import data

    return cv2.CascadeClassifier(data.haarcascades + name)


def align_by_eyes(photo: NDArray[np.uint8], frame: Frame) -> Frame:
    """Correct place, size and tilt of a frame by the eyes in it.

    Args:
        photo: Grey pixels (height, width).
        frame: Where the face is, roughly.

    Returns:
        The corrected frame; the same one if not both eyes are found where they can be.
    """
    patch = cut_square(photo, frame.x, frame.y, MARGIN * frame.side, frame.tilt, PATCH)
    found = [_find_eye(patch.pixels, left) for left in (0, PATCH // 2)]
    if found[0] is None or found[1] is None:
        return frame
    first, second = (np.array(patch.to_photo(*eye)) for eye in found if eye is not None)
    across, down = second - first
    side = float(np.hypot(across, down)) / EYE_DISTANCE
    tilt = float(np.degrees(np.arctan2(down, across)))
    growth = max(side / frame.side, frame.side / side)
    if abs(tilt - frame.tilt) > MAX_TURN or growth > MAX_GROWTH:
        return frame
    angle = np.radians(tilt)
    below = EYES_ABOVE_MIDDLE * side * np.array([-np.sin(angle), np.cos(angle)])
    x, y = (first + second) / 2 + below
    return Frame(
        x=float(_between(frame.x, x)),
        y=float(_between(frame.y, y)),
        side=float(np.exp(_between(np.log(frame.side), np.log(side)))),
        tilt=float(_between(frame.tilt, tilt)),
    )


def _between(votes: float, eyes: float) -> float:
    return WEIGHT * eyes + (1 - WEIGHT) * votes


def _find_eye(patch: NDArray[np.uint8], left: int) -> tuple[float, float] | None:
    """Return the eye in one half of a patch, in pixels of the patch."""
    top, bottom = int(TOP * PATCH), int(BOTTOM * PATCH)
    half = np.ascontiguousarray(patch[top:bottom, left : left + PATCH // 2])
    for name in CASCADES:
        boxes, counts = _cascade(name).detectMultiScale2(
            half, 1.08, 2, minSize=(MIN_EYE,) * 2, maxSize=(MAX_EYE,) * 2
        )
        if len(boxes):
            x, y, width, height = boxes[int(np.argmax(counts))]
            return left + x + width / 2, top + y + height / 2
    return None
