"""Open-set recognition: fit the score threshold below which a face is rejected as unknown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from faces.groups import group_rows
from faces.models.threads import reproducible_threads

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ROUNDS = 3
MIN_PEOPLE = 8
MIN_AUROC = 0.97
"""Below this AUROC a threshold does not help: at 0.93 half of the unknown people are accepted."""

Scores = NDArray[np.floating]


@dataclass(frozen=True)
class OpenSetCalibration:
    """How well the score separates known from unknown people, and the threshold.

    Attributes:
        rejection_threshold: Scores below it are rejected as unknown; None if the AUROC is below
            0.97.
        auroc: Area under the ROC curve of known against unknown people.
        true_accept_rate: TAR, the share of known people's images that the threshold accepts.
        false_accept_rate: FAR, the share of unknown people's images that it accepts.
    """

    rejection_threshold: float | None
    auroc: float
    true_accept_rate: float
    false_accept_rate: float


def fit_rejection_threshold(
    model: "Pipeline",
    pixels: NDArray[np.float32],
    labels: NDArray[np.str_],
    *,
    accept: float = 0.95,
    seed: int = 0,
) -> OpenSetCalibration | None:
    """Fit the rejection threshold on people who are left out of training.

    Three times, another third of the people is unknown: the model is trained without them, and
    scores their images and held-out images of the others.

    Args:
        model: An unfitted recogniser.
        pixels: Its training images (n, 4096).
        labels: Their labels (n,).
        accept: Share of known people's images to accept, the target TAR.
        seed: Seed of the groups and the held-out images.

    Returns:
        The calibration; None for fewer than 8 people, or if no person has three images.
    """
    known_scores: list[Scores] = []
    unknown_scores: list[Scores] = []
    for held_out, unknown in leave_people_out(labels, seed):
        train = ~unknown & ~held_out
        with reproducible_threads(len(pixels)):
            score = _fit_score(model, pixels[train], labels[train])
            known_scores.append(score(pixels[held_out]))
            unknown_scores.append(score(pixels[unknown]))
    if not sum(map(len, known_scores)):
        return None
    return threshold_at_tar(np.concatenate(known_scores), np.concatenate(unknown_scores), accept)


def leave_people_out(
    labels: NDArray[np.str_], seed: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield which images a model is not trained on, for each third of the people.

    Args:
        labels: The label of each image (n,).
        seed: Seed of the groups and the held-out images.

    Yields:
        Held-out images of known people (n,), and all images of unknown people (n,); nothing for
        fewer than 8 people.
    """
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.unique(labels))
    if len(people) < MIN_PEOPLE:
        return
    for group in np.array_split(people, ROUNDS):
        unknown = np.isin(labels, group)
        yield _hold_out_per_person(labels, np.flatnonzero(~unknown), rng), unknown


def threshold_at_tar(known: Scores, unknown: Scores, accept: float) -> OpenSetCalibration:
    """Choose the threshold with a given true accept rate.

    Args:
        known: Scores of known people's images (n,).
        unknown: Scores of unknown people's images (m,).
        accept: Target true accept rate.

    Returns:
        The threshold, and how well it separates the two.
    """
    from sklearn.metrics import roc_auc_score

    is_known = np.r_[np.ones(len(known)), np.zeros(len(unknown))]
    auroc = float(roc_auc_score(is_known, np.r_[known, unknown]))
    threshold = float(np.quantile(known, 1 - accept))
    return OpenSetCalibration(
        rejection_threshold=threshold if auroc >= MIN_AUROC else None,
        auroc=auroc,
        true_accept_rate=float((known >= threshold).mean()),
        false_accept_rate=float((unknown >= threshold).mean()),
    )


def _hold_out_per_person(
    labels: NDArray[np.str_], rows: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose a quarter of each person's images in `rows`, keeping at least two to train on."""
    chosen = np.zeros(len(labels), bool)
    for group in group_rows(labels[rows]).values():
        own = rng.permutation(rows[group])
        chosen[own[: min(max(1, len(own) // 4), max(0, len(own) - 2))]] = True
    return chosen


def _fit_score(
    model: "Pipeline", pixels: NDArray[np.float32], labels: NDArray[np.str_]
) -> Callable[[NDArray[np.float32]], Scores]:
    """Train a model and return its score, which needs no calibration, as a function of pixels."""
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features, without_calibration

    model = without_calibration(model)
    features = fit_features(model, pixels, labels)
    portable = export_model(fit_classifier(model, features, pixels, labels), {})
    return lambda others: portable.predict_with_score(others)[1]
