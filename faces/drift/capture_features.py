"""Nine capture-condition features per image: lighting, focus, head yaw."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

NAMES = (
    "brightness", "contrast", "sharpness", "horizontal_illumination", "vertical_illumination",
    "symmetry", "yaw", "abs_yaw", "local_flatness",
)  # fmt: skip
LIGHTING_SIGMA = 8.0
"""Pixels: structures wider than this are attributed to lighting, not to the face."""

FREQUENCIES = 20
"""Of a blur of `LIGHTING_SIGMA`: it leaves less than 0.01 % of higher ones."""

FLAT_SHARE = 0.005
"""Share of the image's area that `local_flatness` is measured in."""

CHUNK = 20
"""Images that are measured at a time: their intermediate results stay in the cache."""

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
        blocks = [self._measure(chunk) for chunk in _chunks(images)]
        return np.vstack([np.empty((0, len(NAMES))), *blocks])

    def _measure(self, chunk: Images) -> NDArray[np.float64]:
        images = np.asarray(chunk, np.float64)
        mirrored = images[:, :, ::-1]
        columns, rows = images.mean(axis=1), images.mean(axis=2)
        half = images.shape[2] // 2
        yaw = _antisymmetric(images).reshape(len(images), -1) @ self.yaw_axis
        edges = _laplacian(images)
        return np.column_stack(
            [
                rows.mean(axis=1),
                images.std(axis=(1, 2)),
                np.log(edges.var(axis=(1, 2)) + 1e-8),
                columns[:, :half].mean(axis=1) - columns[:, half:].mean(axis=1),
                rows[:, :half].mean(axis=1) - rows[:, half:].mean(axis=1),
                _correlations(images.reshape(len(images), -1), mirrored.reshape(len(images), -1)),
                yaw,
                np.abs(yaw),
                _local_flatness(edges),
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
    parts = [_antisymmetric(np.asarray(chunk, np.float64)) for chunk in _chunks(images)]
    return np.concatenate(parts).reshape(len(images), -1)


def _antisymmetric(images: NDArray[np.float64]) -> NDArray[np.float64]:
    detail = images - _blur(images)
    deviation = np.sqrt(np.maximum(_blur(detail**2), 0))
    even = detail / (deviation + 1e-3)
    return np.asarray((even - even[:, :, ::-1]) / 2)


def _chunks(images: Images) -> Iterator[Images]:
    return (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))


def _blur(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blur images with a Gaussian of `LIGHTING_SIGMA` pixels, mirrored at the borders."""
    # Blurring multiplies the cosine transform, and hardly anything is left of high frequencies.
    (vertical, blurred), (horizontal, also_blurred) = map(_cosines, images.shape[1:])
    return np.asarray(blurred.T @ (vertical @ images @ horizontal.T) @ also_blurred)


@lru_cache
def _cosines(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest cosines, and the same blurred, both (`FREQUENCIES`, side)."""
    cosines = scipy.fft.dct(np.eye(side), norm="ortho", axis=0)[:FREQUENCIES]
    return cosines, scipy.ndimage.gaussian_filter1d(cosines, LIGHTING_SIGMA, axis=1)


def _laplacian(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each pixel's four neighbours less four times the pixel."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    vertical = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
    return np.asarray(vertical + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:] - 4 * images)


def _local_flatness(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log energy of the Laplacian where it is lowest."""
    energy = scipy.ndimage.gaussian_filter(edges**2, (0, 1, 1)).reshape(len(edges), -1)
    return np.asarray(np.log(np.quantile(energy, FLAT_SHARE, axis=1) + 1e-7))


def _correlations(rows: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = rows - rows.mean(axis=1, keepdims=True)
    others = others - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((rows * others).sum(axis=1) / (lengths + 1e-12))
