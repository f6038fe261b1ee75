"""Simulated production traffic: images that were never trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.data.conditions import matches, parse_condition
from faces.data.dataset import Faces
from faces.data.split import Split
from faces.errors import UserError

BASELINE, DRIFTED = "baseline", "drifted"
"""Conditions of traffic: that of the training images, and all others."""

PERSON, ID = "<person>", "<id>"

HOLDOUT_EVERY = 3
"""Every third image per person is held out from traffic, so no feedback on it is trained on."""


@dataclass(frozen=True)
class TrafficSummary:
    """Outcome of simulated traffic.

    Attributes:
        condition: Condition of the images that were sent.
        corruption: Corruption that was applied to them, None for none.
        requests: Number of requests, one image each.
        images: Number of distinct images among them.
        failed: Requests that were not answered.
        feedback: Labels that were sent as feedback.
        accuracy: Share of correct answers; None if no request was answered.
        model_version: Version that the endpoint served.
    """

    condition: str
    corruption: str | None
    requests: int
    images: int
    failed: int
    feedback: int
    accuracy: float | None
    model_version: str


def is_feedback_holdout(faces: Faces) -> NDArray[np.bool_]:
    """Return which images are held out from simulated traffic.

    They are every third of each person's images in order of condition, so a person with three
    turned-head images has both hold-out and traffic images. Images that were added from feedback
    are never among them.

    Args:
        faces: The data; every split of the same data has the same hold-out.

    Returns:
        bool (n,): True for the images that are held out.
    """
    table = faces.conditions.assign(**{PERSON: faces.labels, ID: faces.ids})
    table = table[faces.origins == ""].drop_duplicates(ID)
    table = table.sort_values([PERSON, *faces.conditions, ID])
    people = table.groupby(PERSON, sort=False)
    first = people[ID].transform("min").map(lambda image: int(image[:8], 16))
    chosen = table[ID][(people.cumcount() + first) % HOLDOUT_EVERY == 0]
    return np.isin(faces.ids, chosen.to_numpy(dtype=str))


def traffic_rows(faces: Faces, split: Split, condition: str, seed: int = 0) -> NDArray[np.int64]:
    """Choose the images that simulate production traffic under a condition.

    Args:
        faces: The data of the served model.
        split: Its split; only images outside the training set are chosen.
        condition: Condition that the images match, as for `parse_condition`; "baseline" for that of
            the training images, "drifted" for all others, "" for any.
        seed: Seed of their order.

    Returns:
        Row numbers (m,), shuffled, without the feedback hold-out.

    Raises:
        UserError: If the condition is unknown, or no image is left.
    """
    parts = {BASELINE: split.test, DRIFTED: split.drifted}
    rows = parts.get(condition, np.concatenate([split.test, split.drifted]))
    if condition and condition not in parts:
        matching = matches(faces.conditions, parse_condition(condition, faces.conditions))
        rows = rows[matching[rows]]
    rows = rows[~is_feedback_holdout(faces)[rows]]
    if not len(rows):
        raise UserError(
            f"--condition {condition}: no image that matches is left, since the others are trained "
            "on or held out for evaluation: choose another condition, or '' for any image"
        )
    return np.random.default_rng(seed).permutation(rows)
