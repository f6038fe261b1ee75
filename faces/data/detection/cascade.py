"""OpenCV's cascade of Haar features, in two passes: candidates, then a vote about each of them.

The first pass searches a small copy of the photo at two tilts, and misses little. The second one
searches a patch around each candidate at several tilts: windows that find a face there are votes,
and clutter gets few of them. The mean tilt of the votes is that of the head.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.data.detection.crop import Square

CASCADE = "haarcascade_frontalface_alt2.xml"
"""The best of OpenCV's frontal cascades on composed scenes: docs/decisions/0082."""

SEARCH_SIDE = 512
"""The longest side of the copy in which candidates are searched."""

SEARCH_TILTS, VOTE_TILTS = (-9.0, 9.0), (-20.0, -10.0, 0.0, 10.0, 20.0)
MIN_BOX, MIN_WINDOWS = 28, 2
"""Smallest box in the small copy; windows that make a candidate."""

PATCH, BOX_IN_PATCH = 160, 72
MIN_VOTING_BOX, MAX_VOTING_BOX = 44, 120


@dataclass(frozen=True)
class Candidate:
    """A box that may be a face.

    Attributes:
        x: Its centre in pixels of the photo.
        y: Its centre.
        side: Its side.
        tilt: By how many degrees the head is turned clockwise.
        votes: How many windows agree.
    """

    x: float
    y: float
    side: float
    tilt: float = 0.0
    votes: int = 0


@functools.cache
def _cascade() -> Any:
    import cv2
    from cv2 import data

    return cv2.CascadeClassifier(data.haarcascades + CASCADE)


def find_candidates(photo: NDArray[np.uint8]) -> list[Candidate]:
    """Search a photo for boxes that may be faces.

    Args:
        photo: Grey pixels (height, width).

    Returns:
        Boxes that do not overlap, those with the most windows first.
    """
    import cv2

    zoom = min(1.0, SEARCH_SIDE / max(photo.shape))
    small = cv2.resize(photo, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    windows = []
    for tilt in SEARCH_TILTS:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1)
        turned = cv2.warpAffine(small, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        back = cv2.invertAffineTransform(matrix)
        for x, y, side, _ in _cascade().detectMultiScale(turned, 1.1, 0, minSize=(MIN_BOX,) * 2):
            centre = back @ [x + side / 2, y + side / 2, 1]
            windows.append((*centre / zoom, side / zoom))
    return _group(np.array(windows).reshape(-1, 3))


def _group(windows: NDArray[np.float64]) -> list[Candidate]:
    """Group windows (n, 3) of similar place and size: x and y of the centre, and the side."""
    neighbours = []
    for x, y, side in windows:
        near = np.hypot(windows[:, 0] - x, windows[:, 1] - y) < 0.3 * side
        neighbours.append(near & (np.abs(np.log(windows[:, 2] / side)) < 0.4))
    groups: list[Candidate] = []
    for row in sorted(range(len(windows)), key=lambda row: -int(neighbours[row].sum())):
        x, y, side = np.median(windows[neighbours[row]], axis=0)
        if neighbours[row].sum() >= MIN_WINDOWS and all(
            np.hypot(x - g.x, y - g.y) > 0.4 * max(side, g.side) for g in groups
        ):
            groups.append(Candidate(x, y, side))
    return groups


def verify(photo: NDArray[np.uint8], candidate: Candidate) -> Candidate | None:
    """Let the windows of a patch around a candidate vote about place, size and tilt.

    Args:
        photo: Grey pixels (height, width).
        candidate: A box of the first pass.

    Returns:
        The mean box of the votes; None if there are none.
    """
    zoom = BOX_IN_PATCH / candidate.side
    votes = []
    for tilt in VOTE_TILTS:
        patch = Square(photo, candidate.x, candidate.y, PATCH / zoom, tilt, PATCH)
        boxes, counts = _cascade().detectMultiScale2(
            patch.pixels, 1.08, 1, minSize=(MIN_VOTING_BOX,) * 2, maxSize=(MAX_VOTING_BOX,) * 2
        )
        if len(boxes):
            best = int(np.argmax(counts))
            x, y, side, _ = boxes[best]
            centre = patch.to_photo(x + side / 2, y + side / 2)
            votes.append((int(counts[best]), *centre, side / zoom, tilt))
    if not votes:
        return None
    table = np.array(votes)
    x, y, side, tilt = np.average(table[:, 1:], axis=0, weights=table[:, 0])
    return Candidate(x, y, side, tilt, int(table[:, 0].sum()))
