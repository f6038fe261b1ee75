"""Local binary patterns as the first part of a recogniser."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import count_patterns, gaussian

Pixels = NDArray[np.float32]


class LocalBinaryPatterns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Pixels (n, 4096) become counts of patterns (n, 4720).

    `blur` is the sigma of the Gaussian before it, in pixels. `mirror` and `shift` (pixels) say what
    copies of the training images there shall be.
    """

    def __init__(self, blur: float = 1.0, mirror: bool = True, shift: int = 2) -> None:
        self.blur, self.mirror, self.shift = blur, mirror, shift

    def fit(self, pixels: Pixels, people: object = None) -> "LocalBinaryPatterns":
        """Nothing is learned."""
        self.kernel_ = gaussian(self.blur)
        return self

    def transform(self, pixels: Pixels) -> Pixels:
        """Count the patterns."""
        return count_patterns(
            np.asarray(pixels, np.float32).reshape(-1, IMAGE_SIDE, IMAGE_SIDE), self.kernel_
        )

    def copies(self, pixels: Pixels) -> Pixels:
        """Pixels (k · n, 4096): the n images, then one block of n for each kind of copy.

        A head turned to the other side and a face cut out a little off are the same person.
        """
        images = np.asarray(pixels, np.float32).reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
        sides = [images, images[:, :, ::-1]] if self.mirror else [images]
        by = self.shift
        moves = [(0, 0), (by, 0), (-by, 0), (0, by), (0, -by)] if by else [(0, 0)]
        blocks = [moved(side, *move) for side in sides for move in moves]
        return np.concatenate(blocks).reshape(-1, IMAGE_SIDE * IMAGE_SIDE)


def moved(images: Pixels, down: int, right: int) -> Pixels:
    """Images moved by whole pixels; what comes in is what stood at the edge."""
    rows = np.clip(np.arange(IMAGE_SIDE) - down, 0, IMAGE_SIDE - 1)
    columns = np.clip(np.arange(IMAGE_SIDE) - right, 0, IMAGE_SIDE - 1)
    return images[:, rows][:, :, columns]
