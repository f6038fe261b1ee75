"""Which images play production traffic: never trained on, and never used to judge a model."""

import numpy as np
from numpy.typing import NDArray

from faces.conditions import matches, parse_condition
from faces.dataset import Faces
from faces.errors import InputError
from faces.split import Split

APART = 0.34
"""Share of the images that never are traffic, so that nothing is ever learned from them."""


def is_apart(ids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which images are set apart, by their ids: the same ones in every split of the same data."""
    numbers = np.array([int(str(image)[:8], 16) for image in ids], dtype=np.float64)
    return np.asarray(numbers / 16**8 < APART)


def traffic_rows(faces: Faces, split: Split, condition: str, seed: int = 0) -> NDArray[np.int64]:
    """Rows of held-out images that match a condition, shuffled, without those set apart.

    Raises InputError for an unknown condition, or if no image is left.
    """
    held_out = np.concatenate([split.test, split.drifted])
    wanted = matches(faces.conditions, parse_condition(condition, faces.conditions))
    rows = held_out[wanted[held_out] & ~is_apart(faces.ids)[held_out]]
    if not len(rows):
        raise InputError(
            f"--condition {condition}: no image is left that the model was not trained on"
        )
    return np.random.default_rng(seed).permutation(rows)
