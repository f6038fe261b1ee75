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
Pixels = NDArray[np.float32]


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
        blocks = [self._measure(chunk) for chunk in chunks(images)]
        return np.vstack([np.empty((0, len(NAMES))), *blocks])

    def _measure(self, images: Pixels) -> NDArray[np.float64]:
        columns, rows = images.mean(axis=1), images.mean(axis=2)
        brightness = rows.mean(axis=1)
        half = images.shape[2] // 2
        centred = images - brightness[:, None, None]
        squares = _products(centred, centred)
        # The axis is antisymmetric, so that symmetric parts of the images do not count.
        yaw = _evenly_lit(images).reshape(len(images), -1) @ self.yaw_axis.astype(np.float32)
        edges = _laplacian(images)
        energy = edges * edges
        variance = energy.mean(axis=(1, 2)) - edges.mean(axis=(1, 2)) ** 2
        return np.column_stack(
            [
                brightness,
                np.sqrt(squares / images[0].size),
                np.log(np.maximum(variance, 0) + 1e-8),
                columns[:, :half].mean(axis=1) - columns[:, half:].mean(axis=1),
                rows[:, :half].mean(axis=1) - rows[:, half:].mean(axis=1),
                _products(centred, centred[:, :, ::-1]) / (squares + 1e-6),
                yaw,
                np.abs(yaw),
                _local_flatness(energy),
            ]
        ).astype(np.float64)


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
    lit = np.concatenate([_evenly_lit(chunk) for chunk in chunks(images)])
    odd = (lit - lit[:, :, ::-1]) / 2
    return np.asarray(odd.reshape(len(images), -1), np.float64)


def _evenly_lit(images: Pixels) -> Pixels:
    """Normalise the lighting of images: local mean 0 and deviation 1."""
    detail = images - _blur(images)
    deviation = np.sqrt(np.maximum(_blur(detail * detail), 0))
    return np.asarray(detail / (deviation + np.float32(1e-3)))


def chunks(images: Images) -> Iterator[Pixels]:
    """Yield some images at a time.

    Args:
        images: Images (n, 64, 64); they may be read when they are converted to an array.

    Yields:
        At most `CHUNK` images.
    """
    for start in range(0, len(images), CHUNK):
        yield np.ascontiguousarray(images[start : start + CHUNK], np.float32)


def _blur(images: Pixels) -> Pixels:
    """Blur images with a Gaussian of `LIGHTING_SIGMA` pixels, mirrored at the borders."""
    # Blurring multiplies the cosine transform, and hardly anything is left of high frequencies.
    (vertical, blurred), (horizontal, also_blurred) = map(_cosines, images.shape[1:])
    return np.asarray(blurred.T @ (vertical @ images @ horizontal.T) @ also_blurred)


@lru_cache
def _cosines(side: int) -> tuple[Pixels, Pixels]:
    """Return the lowest cosines, and the same blurred, both (`FREQUENCIES`, side)."""
    cosines = scipy.fft.dct(np.eye(side), norm="ortho", axis=0)[:FREQUENCIES]
    blurred = scipy.ndimage.gaussian_filter1d(cosines, LIGHTING_SIGMA, axis=1)
    return cosines.astype(np.float32), blurred.astype(np.float32)


def _laplacian(images: Pixels) -> Pixels:
    """Return the sum of each pixel's four neighbours less four times the pixel."""
    edges = np.zeros_like(images)
    down = images[:, 1:] - images[:, :-1]
    edges[:, :-1] += down
    edges[:, 1:] -= down
    # All rows as one, which is faster: there is no difference from the end of one to the next.
    right, row = np.zeros_like(images), images.ravel()
    np.subtract(row[1:], row[:-1], out=right.ravel()[:-1])
    right[:, :, -1] = 0
    edges += right
    edges.ravel()[1:] -= right.ravel()[:-1]
    return edges


def _local_flatness(energy: Pixels) -> Pixels:
    """Log energy of the Laplacian where it is lowest: its quantile at `FLAT_SHARE`."""
    vertical, horizontal = (_smoothing(side) for side in energy.shape[1:])
    smooth = (vertical @ energy @ horizontal.T).reshape(len(energy), -1)
    below, weight = divmod(FLAT_SHARE * (smooth.shape[1] - 1), 1)
    lowest = np.partition(smooth, int(below) + 1, axis=1)[:, : int(below) + 2]
    quantile = (1 - weight) * lowest[:, :-1].max(axis=1) + weight * lowest[:, -1]
    return np.asarray(np.log(quantile + 1e-7))


@lru_cache
def _smoothing(side: int) -> Pixels:
    """Return the matrix (side, side) that blurs with a Gaussian of one pixel."""
    return np.asarray(scipy.ndimage.gaussian_filter1d(np.eye(side), 1.0, axis=0), np.float32)


def _products(images: Pixels, others: Pixels) -> Pixels:
    """Return the sum of products of the pixels of each image with those of another, (n,)."""
    return np.asarray((images * others).reshape(len(images), -1).sum(axis=1))
