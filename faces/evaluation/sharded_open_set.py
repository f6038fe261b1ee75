"""The rejection threshold of a recogniser that is trained on shards."""

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize

from faces.evaluation.open_set import (
    OpenSetCalibration,
    Scores,
    leave_people_out,
    threshold_at_tar,
)
from faces.groups import spread_evenly
from faces.models.projections import Projections
from faces.models.sharded_fisher import fit_nearest_mean

MAX_SCORED = 5_000
"""Images of known and of unknown people that are scored in each round: more do not change the
threshold, but the time grows with their number times that of the people."""

ROWS_AT_A_TIME = 256
"""Their similarities to 100,000 people take 200 MB."""


def fit_rejection_threshold(
    model: Pipeline,
    shards: Projections,
    labels: NDArray[np.str_],
    *,
    accept: float = 0.95,
    seed: int = 0,
) -> OpenSetCalibration | None:
    """Fit the rejection threshold on people who are left out of the discriminants and class means.

    As `faces.evaluation.open_set.fit_rejection_threshold`, but the principal components, which use
    no labels, are those of all people.

    Args:
        model: An unfitted `fisher`.
        shards: The projections of the training images.
        labels: The label of each image of all shards in turn.
        accept: Share of known people's images to accept, the target TAR.
        seed: Seed of the groups and the held-out images.

    Returns:
        The calibration; None for fewer than 8 people, or if no person has three images.
    """
    shrinkage = model[-1].estimator[0].shrinkage
    known_scores: list[Scores] = []
    unknown_scores: list[Scores] = []
    for held_out, unknown in leave_people_out(labels, seed):
        used = ~(held_out | unknown)[shards.images]
        fitted = fit_nearest_mean(shards, labels, used, shrinkage)
        known_scores.append(_scores(fitted, shards, held_out))
        unknown_scores.append(_scores(fitted, shards, unknown))
    if not sum(map(len, known_scores)):
        return None
    return threshold_at_tar(np.concatenate(known_scores), np.concatenate(unknown_scores), accept)


def _scores(fitted: Pipeline, shards: Projections, images: NDArray[np.bool_]) -> Scores:
    """Return the largest similarity of images to a class mean: of all, or evenly spread ones."""
    chosen = spread_evenly(np.flatnonzero(images), MAX_SCORED)
    rows = normalize(fitted[0].transform(shards.take(shards.originals[chosen])))
    means = fitted[1].means_
    blocks = np.split(rows, range(ROWS_AT_A_TIME, len(rows), ROWS_AT_A_TIME))
    return np.concatenate([(block @ means.T).max(axis=1) for block in blocks if len(block)] or [[]])
