"""Nine capture-condition features per image: lighting, focus, head yaw."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

NAMES = (
    "brightness", "contrast", "sharpness", "horizontal_illumination", "vertical_illumination",
    "symmetry", "yaw", "abs_yaw", "local_flatness",
)  # fmt: skip
LIGHTING_SIGMA = 8.0
"""Pixels: structures wider than this are attributed to lighting, not to the face."""

FLAT_SHARE = 0.005
"""Share of the image's area that `local_flatness` is measured in."""

CHUNK = 500
"""Images that are converted to double precision at a time."""

Images = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class CaptureFeatures:
    """Measures how faces were captured.

    Attributes:
        yaw_axis: Unit vector (4096,): the main direction in which the reference's faces differ
            from their mirror images.
    """

    yaw_axis: NDArray[np.float64]

    def measure(self, images: Images) -> NDArray[np.float64]:
        """Measure images.

        Args:
            images: Images (n, 64, 64) in [0, 1].

        Returns:
            The columns `NAMES`, (n, 9): mean; standard deviation; log variance of the Laplacian;
            left half less right half; upper half less lower half; correlation with the mirror
            image; projection on `yaw_axis`, and its absolute value; log energy of the Laplacian in
            the flattest part, which is low if something covers the face.
        """
        starts = range(0, len(images), CHUNK)
        blocks = [self._measure(images[start : start + CHUNK]) for start in starts]
        return np.vstack([np.empty((0, len(NAMES))), *blocks])

    def _measure(self, images: Images) -> NDArray[np.float64]:
        images = np.asarray(images, np.float64)
        rows, mirrored = (part.reshape(len(images), -1) for part in (images, images[:, :, ::-1]))
        half = images.shape[2] // 2
        yaw = antisymmetric(images) @ self.yaw_axis
        edges = [scipy.ndimage.laplace(image) for image in images]
        return np.column_stack(
            [
                images.mean(axis=(1, 2)),
                images.std(axis=(1, 2)),
                [np.log(edge.var() + 1e-8) for edge in edges],
                images[:, :, :half].mean(axis=(1, 2)) - images[:, :, half:].mean(axis=(1, 2)),
                images[:, :half].mean(axis=(1, 2)) - images[:, half:].mean(axis=(1, 2)),
                _correlations(rows, mirrored),
                yaw,
                np.abs(yaw),
                [_local_flatness(edge) for edge in edges],
            ]
        )


def fit_capture_features(reference: Images) -> CaptureFeatures:
    """Fit the yaw axis: the first principal component of the antisymmetric parts of images.

    Args:
        reference: Images (m, 64, 64) in [0, 1].

    Returns:
        The fitted features; nothing else depends on the reference.
    """
    rows = antisymmetric(reference)
    last = len(rows) - 1
    _, weights = scipy.linalg.eigh(rows @ rows.T, subset_by_index=(last, last))
    component = weights[:, 0] @ rows
    return CaptureFeatures(component / (np.linalg.norm(component) + 1e-12))


def antisymmetric(images: Images) -> NDArray[np.float64]:
    """Compute the antisymmetric part of each image, after normalising its lighting.

    Args:
        images: Images (n, 64, 64) in [0, 1].

    Returns:
        Half the difference of each image and its mirror image, (n, 4096).
    """
    even = np.stack([_normalise_lighting(image) for image in np.asarray(images, np.float64)])
    return ((even - even[:, :, ::-1]) / 2).reshape(len(images), -1)


def _normalise_lighting(image: NDArray[np.float64]) -> NDArray[np.float64]:
    detail = image - scipy.ndimage.gaussian_filter(image, LIGHTING_SIGMA)
    deviation = np.sqrt(scipy.ndimage.gaussian_filter(detail**2, LIGHTING_SIGMA))
    normalised: NDArray[np.float64] = detail / (deviation + 1e-3)
    return normalised


def _local_flatness(edges: NDArray[np.float64]) -> float:
    """Log energy of the Laplacian where it is lowest."""
    return float(
        np.log(np.quantile(scipy.ndimage.gaussian_filter(edges**2, 1.0), FLAT_SHARE) + 1e-7)
    )


def _correlations(rows: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = rows - rows.mean(axis=1, keepdims=True)
    others = others - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((rows * others).sum(axis=1) / (lengths + 1e-12))
