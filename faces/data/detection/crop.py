"""Cut upright squares out of photos."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Photo = NDArray[Any]

OVERSAMPLING = 2.0
"""Larger regions are first shrunk to this many times the result: nothing is skipped over."""


class Square:
    """A square in a photo, possibly rotated, and its pixels.

    Args:
        photo: Grey pixels (height, width), uint8 or float32.
        x: Centre of the square in pixels.
        y: Centre of the square.
        side: Its side in pixels.
        tilt: Its rotation in degrees, clockwise; the pixels are upright.
        size: Side of the result in pixels.
    """

    def __init__(
        self, photo: Photo, x: float, y: float, side: float, tilt: float, size: int
    ) -> None:
        import cv2

        region, left, top, zoom = _region(photo, x, y, side, OVERSAMPLING * size)
        scale, middle = size / side, (size - 1) / 2
        here = ((x - left + 0.5) * zoom - 0.5, (y - top + 0.5) * zoom - 0.5)
        matrix = cv2.getRotationMatrix2D(here, tilt, scale / zoom)
        matrix[:, 2] += [middle - here[0], middle - here[1]]
        self.pixels: Photo = cv2.warpAffine(
            region, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        self._back = cv2.invertAffineTransform(matrix)
        self._left, self._top, self._zoom = left, top, zoom

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the square is in the photo.

        Args:
            x: Column in `pixels`.
            y: Row in `pixels`.
        """
        across, down = self._back @ [x, y, 1]
        return (
            float((across + 0.5) / self._zoom - 0.5 + self._left),
            float((down + 0.5) / self._zoom - 0.5 + self._top),
        )


def _region(
    photo: Photo, x: float, y: float, side: float, target: float
) -> tuple[Photo, int, int, float]:
    """Cut out what a square may contain at any rotation, and shrink it if it is large."""
    import cv2

    radius = 0.75 * side
    height, width = photo.shape
    left, top = (int(np.clip(v - radius, 0, n - 2)) for v, n in ((x, width), (y, height)))
    right, bottom = (int(np.clip(v + radius, 2, n)) for v, n in ((x, width), (y, height)))
    region = photo[top : max(bottom, top + 2), left : max(right, left + 2)]
    zoom = min(1.0, target / side)
    if zoom < 1:
        region = cv2.resize(region, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    return region, left, top, zoom
