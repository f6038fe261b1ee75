"""Local binary patterns as the first step of a recogniser."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from faces.data.augmentation import augment
from faces.models.operators import Operator
from faces.runtime.image import IMAGE_SIDE
from faces.runtime.lbp import count_patterns, gaussian

Pixels = NDArray[np.float32]


class LocalBinaryPatterns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transform pixels (n, 4096) to square-rooted histograms of local binary patterns (n, 4720).

    Args:
        blur: Sigma in pixels of the Gaussian filter before the patterns.
        mirror: Augment the training images with mirrored copies.
        shift: Augment the training images with copies shifted by this many pixels; 0 for none.
    """

    def __init__(self, blur: float = 1.0, mirror: bool = False, shift: int = 0) -> None:
        self.blur, self.mirror, self.shift = blur, mirror, shift

    def fit(self, pixels: Pixels, labels: object = None) -> "LocalBinaryPatterns":
        """Compute the filter's kernel; nothing is fitted to the data."""
        self.kernel_ = gaussian(self.blur)
        return self

    def transform(self, pixels: Pixels) -> Pixels:
        """Compute the histograms."""
        return count_patterns(_as_images(pixels), self.kernel_)

    def augment(self, pixels: Pixels) -> Pixels:
        """Return the training pixels with their augmented copies, in blocks: (k · n, 4096)."""
        augmented = augment(_as_images(pixels), mirror=self.mirror, shift=self.shift)
        return augmented.reshape(len(augmented), -1)

    def to_operators(self) -> list[Operator]:
        """Return the histogram operator."""
        return [("lbp_histogram", {"blur": self.kernel_})]


def _as_images(pixels: Pixels) -> Pixels:
    return np.asarray(pixels, np.float32).reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
