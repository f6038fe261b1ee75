"""A few numbers that say how a face was taken: light, focus, and the head's turn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.ndimage import gaussian_filter, laplace

NAMES = (
    "brightness", "contrast", "sharpness", "light from the left", "light from above",
    "symmetry", "turn", "amount of turn", "smoothest part",
)  # fmt: skip
BLUR = 8.0
"""Pixels: what is wider than this counts as light, not as face."""

SMOOTH = 0.005
"""Share of the picture that counts as its smoothest part."""

CHUNK = 500
"""Images at a time, in double precision."""

Images = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class CaptureFeatures:
    """Measures the columns `NAMES` of images; what a turned head looks like is learned once."""

    turn: NDArray[np.float64]
    """(4096,): the main way in which the reference's faces are not their own mirror images."""

    def measure(self, images: Images) -> NDArray[np.float64]:
        """Images (n, 64, 64) in [0, 1] as rows of 9 numbers, (n, 9)."""
        starts = range(0, len(images), CHUNK)
        return np.vstack([self._measure(images[start : start + CHUNK]) for start in starts])

    def _measure(self, images: Images) -> NDArray[np.float64]:
        images = np.asarray(images, np.float64)
        rows, mirrored = (part.reshape(len(images), -1) for part in (images, images[:, :, ::-1]))
        half = images.shape[2] // 2
        turn = antisymmetric(images) @ self.turn
        edges = [laplace(image) for image in images]
        return np.column_stack(
            [
                images.mean(axis=(1, 2)),
                images.std(axis=(1, 2)),
                [np.log(edge.var() + 1e-8) for edge in edges],
                images[:, :, :half].mean(axis=(1, 2)) - images[:, :, half:].mean(axis=(1, 2)),
                images[:, :half].mean(axis=(1, 2)) - images[:, half:].mean(axis=(1, 2)),
                _correlations(rows, mirrored),
                turn,
                np.abs(turn),
                [_smoothest(edge) for edge in edges],
            ]
        )


def fit_capture_features(reference: Images) -> CaptureFeatures:
    """Learn what a turn looks like from reference images (n, 64, 64).

    It is the first principal component of what is antisymmetric in them; nothing else is looked at.
    """
    rows = antisymmetric(reference)
    last = len(rows) - 1
    _, weights = eigh(rows @ rows.T, subset_by_index=(last, last))
    component = weights[:, 0] @ rows
    return CaptureFeatures(component / (np.linalg.norm(component) + 1e-12))


def antisymmetric(images: Images) -> NDArray[np.float64]:
    """What of each image (n, 64, 64), evenly lit, its mirror image does not share: (n, 4096)."""
    even = np.stack([_evenly_lit(image) for image in np.asarray(images, np.float64)])
    return ((even - even[:, :, ::-1]) / 2).reshape(len(images), -1)


def _evenly_lit(image: NDArray[np.float64]) -> NDArray[np.float64]:
    detail = image - gaussian_filter(image, BLUR)
    spread = np.sqrt(gaussian_filter(detail**2, BLUR))
    lit: NDArray[np.float64] = detail / (spread + 1e-3)
    return lit


def _smoothest(edges: NDArray[np.float64]) -> float:
    """How much detail there is where there is least: little, if something covers the face."""
    return float(np.log(np.quantile(gaussian_filter(edges**2, 1.0), SMOOTH) + 1e-7))


def _correlations(rows: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = rows - rows.mean(axis=1, keepdims=True)
    others = others - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((rows * others).sum(axis=1) / (lengths + 1e-12))
