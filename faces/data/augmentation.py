"""Data augmentation: mirrored, shifted and turned copies of face images."""

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]

CYLINDER_RADIUS = 1.15
"""Of a head, relative to half the width of an image."""


def augment(images: Images, *, mirror: bool, shift: int) -> Images:
    """Add mirrored and shifted copies: a mirrored or slightly misplaced face is the same person.

    Args:
        images: float32 (n, side, side).
        mirror: Add the mirrored images.
        shift: Add copies shifted by this many pixels up, down, left and right; 0 adds none.

    Returns:
        Images (k · n, side, side): k blocks of n, the original images first. k is 1, 2, 5 or 10.
    """
    sides = [images, images[:, :, ::-1]] if mirror else [images]
    offsets = [(0, 0)]
    if shift:
        offsets += [(shift, 0), (-shift, 0), (0, shift), (0, -shift)]
    return np.concatenate([shift_images(side, *offset) for side in sides for offset in offsets])


def turn_images(images: Images, angle: float) -> Images:
    """Turn heads to the side, as if a face was the front of a cylinder.

    Args:
        images: float32 (n, side, side).
        angle: Angle in radians; a negative one turns to the other side.

    Returns:
        Turned copies of the same shape; an uncovered border repeats the edge.
    """
    side = images.shape[2]
    middle = (side - 1) / 2
    across = (np.arange(side) - middle) / (side / 2)
    source = np.sin(np.arcsin(across / CYLINDER_RADIUS) + angle) - np.sin(angle)
    source = np.clip(CYLINDER_RADIUS * source * side / 2 + middle, 0, side - 1)
    left = np.minimum(source.astype(np.int64), side - 2)
    weight = (source - left).astype(np.float32)
    turned: Images = images[:, :, left] * (1 - weight) + images[:, :, left + 1] * weight
    return turned


def shift_images(images: Images, down: int, right: int) -> Images:
    """Shift images by whole pixels; the uncovered border repeats the edge.

    Args:
        images: float32 (n, height, width).
        down: Pixels to shift down; negative shifts up.
        right: Pixels to shift right; negative shifts left.

    Returns:
        Shifted copies of the same shape.
    """
    height, width = images.shape[1:]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return images[:, rows][:, :, columns]
