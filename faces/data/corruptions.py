"""Image corruptions: noise, blur, brightness, occlusion, rotation."""

from collections.abc import Callable, Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

from faces.errors import require_choice

Images = NDArray[np.float32]
Corruption = Callable[[Images, np.random.Generator], NDArray[np.floating]]


def corrupt(name: str, images: Images, seed: int = 0) -> Images:
    """Corrupt images.

    Args:
        name: A corruption of `CORRUPTIONS`, or a failure of `CAMERA_FAILURES`.
        images: (n, 64, 64) in [0, 1].
        seed: Seed of the random corruptions.

    Returns:
        The corrupted images, clipped to [0, 1].

    Raises:
        UserError: If there is no such corruption.
    """
    known: dict[str, Corruption] = {**CORRUPTIONS, **CAMERA_FAILURES}
    corruption = known[require_choice("corruption", name, known)]
    result = corruption(images, np.random.default_rng(seed))
    return np.clip(result, 0, 1).astype(np.float32)


def _noise(images: Images, rng: np.random.Generator) -> NDArray[np.floating]:
    return images + rng.normal(0, 0.05, images.shape)


def _blur(images: Images, rng: np.random.Generator) -> NDArray[np.floating]:
    return np.stack([scipy.ndimage.gaussian_filter(image, 1.0) for image in images])


def _brightness(images: Images, rng: np.random.Generator) -> NDArray[np.floating]:
    return images + 0.08


def _occlusion(images: Images, rng: np.random.Generator) -> NDArray[np.floating]:
    """Cover a random square of 16 × 16 pixels with grey."""
    covered = images.astype(np.float64)
    for image in covered:
        top, left = rng.integers(8, 40, size=2)
        image[top : top + 16, left : left + 16] = 0.5
    return covered


def _rotation(images: Images, rng: np.random.Generator) -> NDArray[np.floating]:
    """Rotate by eight degrees, clockwise or counterclockwise."""
    angles = rng.choice([-8.0, 8.0], size=len(images))
    rotated = [
        scipy.ndimage.rotate(image, angle, reshape=False, order=1, mode="nearest")
        for image, angle in zip(images, angles, strict=True)
    ]
    return np.stack(rotated)


def _covered(images: Images, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return what a camera sends whose lens is covered: black, with some noise."""
    return rng.normal(0, 0.01, images.shape)


CORRUPTIONS: Mapping[str, Corruption] = {
    "noise": _noise,
    "blur": _blur,
    "brightness": _brightness,
    "occlusion": _occlusion,
    "rotation": _rotation,
}

CAMERA_FAILURES: Mapping[str, Corruption] = {"covered": _covered}
"""After these nobody can be recognised: drift detection asks to check the camera."""
