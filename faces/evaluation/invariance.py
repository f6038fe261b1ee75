"""What must not change who someone is: small changes to a picture, and how far each goes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from faces.models.estimators.local_patterns import moved

Images = NDArray[np.float32]


def _noisy(images: Images) -> Images:
    noise = np.random.default_rng(0).normal(0, 0.02, images.shape)
    return np.clip(images + noise, 0, 1).astype(np.float32)


PERTURBATIONS: Mapping[str, Callable[[Images], Images]] = MappingProxyType(
    {
        "brighter": lambda images: np.clip(images + np.float32(0.08), 0, 1),
        "darker": lambda images: np.clip(images - np.float32(0.08), 0, 1),
        "moved up": lambda images: moved(images, -1, 0),
        "moved down": lambda images: moved(images, 1, 0),
        "moved left": lambda images: moved(images, 0, -1),
        "moved right": lambda images: moved(images, 0, 1),
        "mild noise": _noisy,
        "mirrored": lambda images: np.ascontiguousarray(images[:, :, ::-1]),
    }
)
"""Functions from images (n, 64, 64) in [0, 1] to as many."""


def prediction_flip_rate(
    name_people: Callable[[Images], NDArray[np.str_]], images: Images
) -> dict[str, float]:
    """For each change, the share of images (n, 64, 64) that get another name because of it."""
    before = name_people(images)
    return {
        change: float((name_people(make(images)) != before).mean())
        for change, make in PERTURBATIONS.items()
    }
