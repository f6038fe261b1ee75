"""Invariance tests: label-preserving perturbations, and how often each changes the prediction."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from faces.data.augmentation import shift_images

Images = NDArray[np.float32]


def _noisy(images: Images) -> Images:
    noise = np.random.default_rng(0).normal(0, 0.02, images.shape)
    return np.clip(images + noise, 0, 1).astype(np.float32)


PERTURBATIONS: Mapping[str, Callable[[Images], Images]] = MappingProxyType(
    {
        "brighter": lambda images: np.clip(images + np.float32(0.08), 0, 1),
        "darker": lambda images: np.clip(images - np.float32(0.08), 0, 1),
        "shifted up": lambda images: shift_images(images, -1, 0),
        "shifted down": lambda images: shift_images(images, 1, 0),
        "shifted left": lambda images: shift_images(images, 0, -1),
        "shifted right": lambda images: shift_images(images, 0, 1),
        "mildly noisy": _noisy,
        "mirrored": lambda images: np.ascontiguousarray(images[:, :, ::-1]),
    }
)
"""Functions from images (n, 64, 64) in [0, 1] to images of the same shape and range."""


def prediction_flip_rate(
    predict: Callable[[Images], NDArray[np.str_]], images: Images
) -> dict[str, float]:
    """Measure how often each perturbation changes the predicted identity.

    These are the invariance tests of behavioural testing (Ribeiro et al., ACL 2020, "CheckList").

    Args:
        predict: Returns the predicted identities (n,) of images (n, 64, 64).
        images: The images to perturb, (n, 64, 64) in [0, 1].

    Returns:
        For each of `PERTURBATIONS`, the share of images whose prediction changes.
    """
    before = predict(images)
    return {
        name: float((predict(perturb(images)) != before).mean())
        for name, perturb in PERTURBATIONS.items()
    }
