"""Find images that resemble no enrolled face: a covered lens, over-exposure, noise, inversion.

A drift that ruins every image makes the model name few people, and the two-sample test then has
not enough identities. This test looks at single images and needs no identities.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from faces.drift.capture_features import Images

MEASURES = ("brightness", "contrast", "sharpness", "resemblance to the mean face")
LIMIT = 5.0
"""Robust standard deviations from the median of the enrolled faces."""

NORMAL_RANGE = 3.92
"""The middle 95 % of a normal distribution, in standard deviations."""

USUAL_SHARE = 0.05
"""More unusual images than this share are tested for."""

LEVEL = 1e-4
"""Significance level. It is small, since a window is tested again whenever faces are added."""

MINIMUM_IMAGES = 5


@dataclass(frozen=True)
class QualityResult:
    """How many images of a window resemble no enrolled face.

    Attributes:
        images: Number of images, equal ones included.
        unusual: Number of unusual images.
        measure: The measure in which most of them are unusual; "" without any.
        p_value: Binomial p-value of this number or more, if `USUAL_SHARE` were usual.
    """

    images: int
    unusual: int
    measure: str
    p_value: float

    @property
    def failed(self) -> bool:
        """Whether more images are unusual than expected: the camera should be checked."""
        return self.images >= MINIMUM_IMAGES and self.p_value <= LEVEL

    @property
    def reason(self) -> str:
        """The result in one phrase."""
        return (
            f"{self.unusual} of {self.images} images resemble no enrolled face, most of them in "
            f"their {self.measure} (p = {self.p_value:.2g})"
        )


def check_quality(images: Images, repeats: NDArray[np.integer], enrolled: Images) -> QualityResult:
    """Test whether many images resemble no enrolled face, with a binomial test.

    Args:
        images: Distinct images of the window (n, 64, 64) in [0, 1].
        repeats: How often each was sent, (n,): a covered lens sends the same image.
        enrolled: Images (m, 64, 64) that the model was trained on.

    Returns:
        The number of unusual images, and its p-value.
    """
    if not len(images):
        return QualityResult(0, 0, "", 1.0)
    exceeds = find_unusual(images, enrolled)
    unusual, total = int(repeats[exceeds.any(axis=1)].sum()), int(repeats.sum())
    measure = MEASURES[int(exceeds.sum(axis=0).argmax())] if unusual else ""
    return QualityResult(total, unusual, measure, binomial_p_value(unusual, total))


def find_unusual(images: Images, enrolled: Images) -> NDArray[np.bool_]:
    """Find the images that resemble no enrolled face, and the measures that say so.

    Args:
        images: Images (n, 64, 64) in [0, 1].
        enrolled: Images (m, 64, 64) that the model was trained on.

    Returns:
        Whether each of `MEASURES` is further from the median of the enrolled faces than `LIMIT`
        robust standard deviations, (n, 4).
    """
    template = _standardize(np.asarray(enrolled, np.float64).mean(axis=0)[None])[0]
    reference, values = _measure(enrolled, template), _measure(images, template)
    low, centre, high = np.quantile(reference, (0.025, 0.5, 0.975), axis=0)
    return np.asarray(np.abs(values - centre) > LIMIT * (high - low) / NORMAL_RANGE)


def binomial_p_value(unusual: int, images: int) -> float:
    """Return the probability of this number of unusual images or more.

    Args:
        unusual: Number of unusual images.
        images: Number of all images, of which `USUAL_SHARE` are usually unusual.
    """
    return float(scipy.stats.binom.sf(unusual - 1, images, USUAL_SHARE))


def _measure(images: Images, template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the columns `MEASURES`, (n, 4)."""
    images = np.asarray(images, np.float64).reshape(-1, *template.shape)
    edges = np.stack([scipy.ndimage.laplace(image) for image in images])
    return np.column_stack(
        [
            images.mean(axis=(1, 2)),
            images.std(axis=(1, 2)),
            np.log(edges.var(axis=(1, 2)) + 1e-8),
            (_standardize(images) * template).mean(axis=(1, 2)),
        ]
    )


def _standardize(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift and scale each image to mean 0 and standard deviation 1; a constant one to 0."""
    centred = images - images.mean(axis=(1, 2), keepdims=True)
    deviation = images.std(axis=(1, 2), keepdims=True)
    return np.asarray(centred / (deviation + 1e-6))
