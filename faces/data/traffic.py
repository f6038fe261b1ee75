"""Which images play production traffic: never trained on, and never used to judge a model."""

import numpy as np
from numpy.typing import NDArray

from faces.data.conditions import matches, parse_condition
from faces.data.dataset import Faces
from faces.data.feedback import learned_windows
from faces.data.split import Split
from faces.errors import UserError

PERSON, ID = "<person>", "<id>"

HOLDOUT_EVERY = 3
"""One image in so many is set apart: it never is traffic, so nothing is ever learned from it."""


def is_feedback_holdout(faces: Faces) -> NDArray[np.bool_]:
    """Which images are set apart (n,): the same ones in every split of the same data.

    They are every third of each person's images, in order of condition: so who turned the head for
    three pictures is both learned from and measured on. What came from production is not among
    them.
    """
    table = faces.conditions.assign(**{PERSON: faces.labels, ID: faces.ids})
    table = table[learned_windows(faces) == ""].drop_duplicates(ID)
    table = table.sort_values([PERSON, *faces.conditions, ID])
    people = table.groupby(PERSON, sort=False)
    first = people[ID].transform("min").map(lambda image: int(image[:8], 16))
    chosen = table[ID][(people.cumcount() + first) % HOLDOUT_EVERY == 0]
    return np.isin(faces.ids, chosen.to_numpy(dtype=str))


def traffic_rows(faces: Faces, split: Split, condition: str, seed: int = 0) -> NDArray[np.int64]:
    """Rows of held-out images that match a condition, shuffled, without those set apart.

    Raises UserError for an unknown condition, or if no image is left.
    """
    held_out = np.concatenate([split.test, split.drifted])
    wanted = matches(faces.conditions, parse_condition(condition, faces.conditions))
    rows = held_out[wanted[held_out] & ~is_feedback_holdout(faces)[held_out]]
    if not len(rows):
        raise UserError(
            f"--condition {condition}: no image is left that the model was not trained on"
        )
    return np.random.default_rng(seed).permutation(rows)
