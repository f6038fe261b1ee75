"""Cut upright squares out of photos."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Photo = NDArray[Any]

OVERSAMPLING = 2.0
"""Larger regions are first shrunk to this many times the result: nothing is skipped over."""

REACH = 0.75
"""What a square may contain at any rotation: its side times this, from its centre."""


class Region:
    """Part of a photo around a point, shrunk if it is large, from which squares are cut.

    Args:
        photo: Grey pixels (height, width), uint8 or float32.
        x: Centre of the squares in pixels of the photo.
        y: Centre of the squares.
        side: Their side in pixels of the photo.
        size: Side of the results in pixels.
    """

    def __init__(self, photo: Photo, x: float, y: float, side: float, size: int) -> None:
        import cv2

        height, width = photo.shape
        left, right = _span(x, REACH * side, width)
        top, bottom = _span(y, REACH * side, height)
        self._pixels = photo[top:bottom, left:right]
        self._zoom = min(1.0, OVERSAMPLING * size / side)
        if self._zoom < 1:
            self._pixels = cv2.resize(
                self._pixels, None, fx=self._zoom, fy=self._zoom, interpolation=cv2.INTER_AREA
            )
        self._left, self._top = left, top
        self._centre = self._from_photo(x, y)
        self._scale, self._size = size / side / self._zoom, size

    def cut(self, tilt: float) -> "Square":
        """Cut a square out.

        Args:
            tilt: Its rotation in degrees, clockwise.

        Returns:
            The square, upright.
        """
        import cv2

        middle = (self._size - 1) / 2
        matrix = cv2.getRotationMatrix2D(self._centre, tilt, self._scale)
        matrix[:, 2] += [middle - self._centre[0], middle - self._centre[1]]
        pixels = cv2.warpAffine(
            self._pixels, matrix, (self._size,) * 2, flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return Square(pixels, cv2.invertAffineTransform(matrix), self)

    def _from_photo(self, x: float, y: float) -> tuple[float, float]:
        return (
            (x - self._left + 0.5) * self._zoom - 0.5,
            (y - self._top + 0.5) * self._zoom - 0.5,
        )

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the region is in the photo.

        Args:
            x: Column of the region.
            y: Row of the region.
        """
        return (
            float((x + 0.5) / self._zoom - 0.5 + self._left),
            float((y + 0.5) / self._zoom - 0.5 + self._top),
        )


class Square:
    """An upright square that was cut out of a region.

    Args:
        pixels: Its pixels.
        back: Affine matrix (2, 3) from the square to the region.
        region: The region.
    """

    def __init__(self, pixels: Photo, back: NDArray[np.float64], region: Region) -> None:
        self.pixels, self._back, self._region = pixels, back, region

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the square is in the photo.

        Args:
            x: Column in `pixels`.
            y: Row in `pixels`.
        """
        across, down = self._back @ [x, y, 1]
        return self._region.to_photo(across, down)


def cut_square(photo: Photo, x: float, y: float, side: float, tilt: float, size: int) -> Square:
    """Cut one square out of a photo.

    Args:
        photo: Grey pixels (height, width), uint8 or float32.
        x: Centre of the square in pixels.
        y: Centre of the square.
        side: Its side in pixels.
        tilt: Its rotation in degrees, clockwise.
        size: Side of the result in pixels.

    Returns:
        The square, upright.
    """
    return Region(photo, x, y, side, size).cut(tilt)


def _span(centre: float, radius: float, length: int) -> tuple[int, int]:
    """Return where a part begins and ends: at least two pixels, within the photo."""
    start = int(np.clip(centre - radius, 0, length - 2))
    return start, max(int(np.clip(centre + radius, 2, length)), start + 2)
