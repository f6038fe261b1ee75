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
MIN_PEOPLE = 8
MIN_AUROC = 0.97
"""Area under the ROC from which on a threshold helps; with 0.93 half of the strangers pass."""


@dataclass(frozen=True)
class OpenSetCalibration:
    """How well the score tells strangers apart, and the threshold, on people left out of training.

    `rejection_threshold` accepts the share `true_accept_rate` of images of known people; `false_accept_rate` is the
    share of strangers' images that it accepts, too. None where the score does not separate.
    """

    rejection_threshold: float | None
    auroc: float
    true_accept_rate: float
    false_accept_rate: float


def fit_rejection_threshold(
    model: Pipeline,
    pixels: NDArray[np.float32],
    labels: NDArray[np.str_],
    *,
    accept: float = 0.95,
    seed: int = 0,
) -> OpenSetCalibration | None:
    """Train without some people, and look at how the model scores them and the others.

    Three times a third of the people are strangers; of the others some images are held out. Pixels
    (n, 4096) and subjects (n,) are those that the model is trained on, nothing else. None for fewer
    than 8 people, or if nobody has three images.
    """
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.unique(labels))
    if len(people) < MIN_PEOPLE:
        return None
    known: list[NDArray[np.floating]] = []
    strange: list[NDArray[np.floating]] = []
    for group in np.array_split(people, ROUNDS):
        stranger = np.isin(labels, group)
        held_out = _hold_out_per_person(labels, np.flatnonzero(~stranger), rng)
        kept = ~stranger & ~held_out
        scores = _scores(model, pixels[kept], labels[kept])
        known.append(scores(pixels[held_out]))
        strange.append(scores(pixels[stranger]))
    if not sum(map(len, known)):
        return None
    return threshold_at_tar(np.concatenate(known), np.concatenate(strange), accept)


def threshold_at_tar(
    known: NDArray[np.floating], strange: NDArray[np.floating], accept: float
) -> OpenSetCalibration:
    """The threshold that accepts the share `accept` of `known` scores, and how good it is."""
    truth = np.r_[np.ones(len(known)), np.zeros(len(strange))]
    auroc = float(roc_auc_score(truth, np.r_[known, strange]))
    threshold = float(np.quantile(known, 1 - accept))
    return OpenSetCalibration(
        threshold if auroc >= MIN_AUROC else None,
        auroc,
        float((known >= threshold).mean()),
        float((strange >= threshold).mean()),
    )


def _hold_out_per_person(
    labels: NDArray[np.str_], rows: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """A quarter of the images of everyone in `rows` who keeps at least two."""
    chosen = np.zeros(len(labels), bool)
    for name in np.unique(labels[rows]):
        own = rng.permutation(rows[labels[rows] == name])
        chosen[own[: min(max(1, len(own) // 4), max(0, len(own) - 2))]] = True
    return chosen


def _scores(
    model: Pipeline, pixels: NDArray[np.float32], labels: NDArray[np.str_]
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    features = fit_features(model, pixels, labels)
    portable = export_model(fit_classifier(model, features, pixels, labels), {})
    return lambda others: portable.predict_with_score(others)[1]
