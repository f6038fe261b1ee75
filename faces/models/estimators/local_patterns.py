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
    """Transform pixels to square-rooted histograms of local binary patterns.

    Uniform patterns of 8 neighbours (Ojala et al. 2002) are counted in each cell of two grids
    (Ahonen et al. 2006).

    Args:
        blur: Sigma in pixels of the Gaussian filter before the patterns.
        mirror: Augment the training images with mirrored copies.
        shift: Augment the training images with copies shifted by this many pixels; 0 for none.
    """

    def __init__(self, blur: float = 1.0, mirror: bool = False, shift: int = 0) -> None:
        self.blur, self.mirror, self.shift = blur, mirror, shift

    def fit(self, pixels: Pixels, labels: object = None) -> "LocalBinaryPatterns":
        """Compute the kernel of the Gaussian filter; nothing is fitted to the data.

        Args:
            pixels: Ignored; scikit-learn passes them.
            labels: Ignored, too.

        Returns:
            This estimator.
        """
        self.kernel_ = gaussian(self.blur)
        return self

    def transform(self, pixels: Pixels) -> Pixels:
        """Compute the histograms.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Square-rooted counts (n, 4720).
        """
        return count_patterns(_as_images(pixels), self.kernel_)

    def augment(self, pixels: Pixels) -> Pixels:
        """Return the training images with their augmented copies.

        Args:
            pixels: Faces (n, 4096) in [0, 1].

        Returns:
            Pixels (k · n, 4096) in k blocks, the original images first.
        """
        augmented = augment(_as_images(pixels), mirror=self.mirror, shift=self.shift)
        return augmented.reshape(len(augmented), -1)

    def to_operators(self) -> list[Operator]:
        """Return the histogram operator."""
        return [("lbp_histogram", {"blur": self.kernel_})]


def _as_images(pixels: Pixels) -> Pixels:
    return np.asarray(pixels, np.float32).reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
