"""Data augmentation: mirrored and shifted copies of face images."""

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]


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
