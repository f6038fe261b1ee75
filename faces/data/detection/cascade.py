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

from faces.data.detection.crop import Region, Square

CASCADE = "haarcascade_frontalface_alt2.xml"
"""The best of OpenCV's frontal cascades on composed scenes: docs/decisions/0082."""

SEARCH_SIDE = 512
"""The longest side of the copy in which candidates are searched."""

SEARCH_TILTS, SEARCH_STEP = (-9.0, 9.0), 1.1
MIN_BOX, MIN_WINDOWS = 30, 2
"""Smallest box in the small copy; windows that make a candidate."""

VOTE_TILTS, OUTER_TILTS, VOTE_STEP = (-10.0, 0.0, 10.0), (-20.0, 20.0), 1.08
"""The outer tilts are searched only if there was a vote: most candidates are clutter."""

PATCH, BOX_IN_PATCH = 128, 72
MIN_VOTING_BOX, MAX_VOTING_BOX = 48, 108


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
        for x, y, side, _ in _cascade().detectMultiScale(
            turned, SEARCH_STEP, 0, minSize=(MIN_BOX,) * 2
        ):
            centre = back @ [x + side / 2, y + side / 2, 1]
            windows.append((*centre / zoom, side / zoom))
    return _group(np.array(sorted(windows)).reshape(-1, 3))  # threads find them in any order


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
    region = Region(photo, candidate.x, candidate.y, PATCH / zoom, PATCH)
    votes = [vote for tilt in VOTE_TILTS if (vote := _vote(region.cut(tilt), tilt, zoom))]
    if not votes:
        return None
    votes += [vote for tilt in OUTER_TILTS if (vote := _vote(region.cut(tilt), tilt, zoom))]
    table = np.array(votes)
    x, y, side, tilt = np.average(table[:, 1:], axis=0, weights=table[:, 0])
    return Candidate(x, y, side, tilt, int(table[:, 0].sum()))


def _vote(patch: Square, tilt: float, zoom: float) -> tuple[float, ...] | None:
    """Return the windows that agree, and their mean box: x, y, side and tilt; None without any."""
    boxes, counts = _cascade().detectMultiScale2(
        patch.pixels, VOTE_STEP, 1, minSize=(MIN_VOTING_BOX,) * 2, maxSize=(MAX_VOTING_BOX,) * 2
    )
    if not len(boxes):
        return None
    count, x, y, side = max(
        (int(n), *box[:3]) for n, box in zip(counts, boxes.tolist(), strict=True)
    )
    return (count, *patch.to_photo(x + side / 2, y + side / 2), side / zoom, tilt)
