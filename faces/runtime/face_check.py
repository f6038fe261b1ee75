"""Whether an image resembles a face: a matched filter on its lowest spatial frequencies.

The score is the cosine of the angle between an image and the mean training face in the whitened
space of their discrete cosine coefficients: the adaptive coherence estimator (Kraut, Scharf and
McWhorter 2005, "The adaptive coherence estimator: a uniformly most powerful invariant adaptive
detection statistic"), with its sign. Neither brightness nor contrast changes it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.runtime.image import IMAGE_SIDE

Array = NDArray[np.float32]

FREQUENCIES = 8
"""Cosine coefficients of this many frequencies are used in each direction."""

SKIPPED = 3
"""Those whose frequencies add up to less are left out: brightness and the direction of light."""

KEPT = np.flatnonzero(np.add.outer(np.arange(FREQUENCIES), np.arange(FREQUENCIES)) >= SKIPPED)
"""The coefficients that are used."""

SMALLEST_LENGTH = np.float32(1e-4)
"""An image whose whitened coefficients are shorter is blank."""

BLANK = np.float32(-1)
"""The score of a blank image: the least possible."""


@dataclass(frozen=True, eq=False)
class FaceCheck:
    """Scores how much images resemble the training faces.

    Attributes:
        whitening: Maps coefficients to whitened ones, (64, k); 0 for those that are left out.
        template: The product of coefficients and this is that of the whitened ones and the whitened
            mean face of length 1, (64,).
        threshold: The lowest score of an image that counts as a face.
    """

    whitening: Array
    template: Array
    threshold: float

    def score(self, pixels: Array) -> Array:
        """Compute how much images resemble a face.

        Args:
            pixels: Images (n, 4096) in [0, 1].

        Returns:
            Cosines (n,) in [-1, 1]; -1 for a blank image.
        """
        rows = low_frequencies(pixels)
        whitened = rows @ self.whitening
        lengths = np.sqrt(np.einsum("ij,ij->i", whitened, whitened))
        cosines = rows @ self.template / np.maximum(lengths, SMALLEST_LENGTH)
        return np.asarray(np.where(lengths < SMALLEST_LENGTH, BLANK, cosines), np.float32)

    def accepts(self, pixels: Array) -> NDArray[np.bool_]:
        """Decide which images resemble a face.

        Args:
            pixels: Images (n, 4096) in [0, 1].

        Returns:
            True for those whose score reaches the threshold, (n,).
        """
        accepted: NDArray[np.bool_] = self.score(pixels) >= np.float32(self.threshold)
        return accepted


def low_frequencies(pixels: Array) -> Array:
    """Compute the lowest coefficients of the orthonormal discrete cosine transform (DCT-II).

    Args:
        pixels: Images (n, 4096).

    Returns:
        Coefficients (n, 64).
    """
    images = pixels.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    coefficients = COSINES @ images @ COSINES.T
    return np.asarray(coefficients, np.float32).reshape(len(images), -1)


def _cosines() -> Array:
    """Return the first rows of the transform's matrix, (FREQUENCIES, 64)."""
    frequencies, places = np.arange(FREQUENCIES)[:, None], np.arange(IMAGE_SIDE) + 0.5
    matrix = np.sqrt(2 / IMAGE_SIDE) * np.cos(np.pi / IMAGE_SIDE * frequencies * places)
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


COSINES = _cosines()
