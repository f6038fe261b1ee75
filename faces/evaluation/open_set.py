"""People whom the model does not know: below which score someone is none of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features

ROUNDS = 3
FEWEST_PEOPLE = 8
SEPARATES = 0.97
"""Area under the ROC from which on a threshold helps; with 0.93 half of the strangers pass."""


@dataclass(frozen=True)
class Strangers:
    """How well the score tells strangers apart, and the threshold, on people left out of training.

    `known_from` accepts the share `accepted` of images of known people; `false_accepts` is the
    share of strangers' images that it accepts, too. None where the score does not separate.
    """

    known_from: float | None
    auroc: float
    accepted: float
    false_accepts: float


def tell_strangers(
    model: Pipeline,
    pixels: NDArray[np.float32],
    subjects: NDArray[np.str_],
    *,
    accept: float = 0.95,
    seed: int = 0,
) -> Strangers | None:
    """Train without some people, and look at how the model scores them and the others.

    Three times a third of the people are strangers; of the others some images are held out. Pixels
    (n, 4096) and subjects (n,) are those that the model is trained on, nothing else. None for fewer
    than 8 people, or if nobody has three images.
    """
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.unique(subjects))
    if len(people) < FEWEST_PEOPLE:
        return None
    known: list[NDArray[np.floating]] = []
    strange: list[NDArray[np.floating]] = []
    for group in np.array_split(people, ROUNDS):
        stranger = np.isin(subjects, group)
        held_out = _some_of_each(subjects, np.flatnonzero(~stranger), rng)
        kept = ~stranger & ~held_out
        scores = _scores(model, pixels[kept], subjects[kept])
        known.append(scores(pixels[held_out]))
        strange.append(scores(pixels[stranger]))
    if not sum(map(len, known)):
        return None
    return judge(np.concatenate(known), np.concatenate(strange), accept)


def judge(known: NDArray[np.floating], strange: NDArray[np.floating], accept: float) -> Strangers:
    """The threshold that accepts the share `accept` of `known` scores, and how good it is."""
    truth = np.r_[np.ones(len(known)), np.zeros(len(strange))]
    auroc = float(roc_auc_score(truth, np.r_[known, strange]))
    threshold = float(np.quantile(known, 1 - accept))
    return Strangers(
        threshold if auroc >= SEPARATES else None,
        auroc,
        float((known >= threshold).mean()),
        float((strange >= threshold).mean()),
    )


def _some_of_each(
    subjects: NDArray[np.str_], rows: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """A quarter of the images of everyone in `rows` who keeps at least two."""
    chosen = np.zeros(len(subjects), bool)
    for name in np.unique(subjects[rows]):
        own = rng.permutation(rows[subjects[rows] == name])
        chosen[own[: min(max(1, len(own) // 4), max(0, len(own) - 2))]] = True
    return chosen


def _scores(
    model: Pipeline, pixels: NDArray[np.float32], subjects: NDArray[np.str_]
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    features = fit_features(model, pixels, subjects)
    portable = export_model(fit_classifier(model, features, pixels, subjects), {})
    return lambda others: portable.answer(others)[1]
