"""Random search over models and their parameters, by cross-validation."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import ParameterGrid

from faces.models import ModelParams, build_model
from faces.models.estimators.folds import StratifiedAugmentedKFold
from faces.models.training import fit_classifier, fit_features

MIN_IMAGES_TO_HOLD_OUT = 3
"""People with fewer images are in every training fold: two images are needed to train on."""


@dataclass(frozen=True)
class Trial:
    """A model and its parameters.

    Attributes:
        model: The recogniser's name.
        params: Its parameters without the seed, which is the same for all trials.
    """

    model: str
    params: ModelParams

    @property
    def key(self) -> str:
        """Identifies the model and its parameters."""
        return json.dumps([self.model, self.params], sort_keys=True)

    def __str__(self) -> str:
        return ", ".join([self.model, *(f"{k} {v}" for k, v in self.params.items())])


TrialResult = tuple[Trial, Mapping[str, float]]
"""A trial and its metrics: accuracy and log_loss."""


def sample_trials(
    spaces: Mapping[str, Mapping[str, Sequence[bool | int | float | str]]],
    defaults: Mapping[str, ModelParams],
    count: int,
    seed: int,
) -> list[Trial]:
    """Sample the trials of a random search (Bergstra and Bengio, JMLR 13, 2012).

    Args:
        spaces: By model and parameter, the values to try.
        defaults: By model, its default parameters.
        count: Maximum number of trials.
        seed: The same seed returns the same trials.

    Returns:
        Distinct trials: each model with its defaults first, then random combinations.
    """
    default_trials = [Trial(name, dict(defaults[name])) for name in spaces]
    combinations = [
        Trial(name, {**defaults[name], **values})
        for name, space in spaces.items()
        for values in ParameterGrid(dict(space))
    ]
    order = np.random.default_rng(seed).permutation(len(combinations))
    trials = {t.key: t for t in [*default_trials, *(combinations[i] for i in order)]}
    return list(trials.values())[:count]


def cross_validate(
    trial: Trial,
    pixels: NDArray[np.float32],
    labels: NDArray[np.str_],
    *,
    folds: int,
    seed: int,
) -> dict[str, float]:
    """Cross-validate a trial; every image is held out once.

    Args:
        trial: The model and its parameters.
        pixels: Training images (n, 4096).
        labels: Their labels (n,).
        folds: Number of folds; fewer if a person has fewer images. People with fewer than three
            images are always trained on.
        seed: Seed of the model.

    Returns:
        accuracy and log_loss over all held-out images.
    """
    correct: list[NDArray[np.bool_]] = []
    losses: list[NDArray[np.floating]] = []
    for train, holdout in _splits(pixels, labels, folds):
        model = build_model(trial.model, **trial.params, seed=seed)
        features = fit_features(model, pixels[train], labels[train])
        fitted = fit_classifier(model, features, pixels[train], labels[train])
        probabilities = fitted.predict_proba(pixels[holdout])
        true_class = np.searchsorted(fitted.classes_, labels[holdout])
        correct.append(probabilities.argmax(axis=1) == true_class)
        losses.append(-np.log(probabilities[np.arange(len(holdout)), true_class] + 1e-12))
    return {
        "accuracy": float(np.concatenate(correct).mean()),
        "log_loss": float(np.concatenate(losses).mean()),
    }


def cross_validate_images(
    images: NDArray[np.float32],
    rows: NDArray[np.integer],
    trial: Trial,
    labels: NDArray[np.str_],
    *,
    folds: int,
    seed: int,
) -> dict[str, float]:
    """Cross-validate a trial on some images, in a process that has nothing but these arguments.

    Args:
        images: Images (n, 64, 64).
        rows: Numbers of the m images to use.
        trial: The model and its parameters.
        labels: Their labels (m,).
        folds: As of `cross_validate`.
        seed: As of `cross_validate`.

    Returns:
        As of `cross_validate`.
    """
    pixels = images[rows].reshape(len(rows), -1)
    return cross_validate(trial, pixels, labels, folds=folds, seed=seed)


def best_index(results: Sequence[TrialResult]) -> int:
    """Return the index of the best trial.

    Args:
        results: At least one trial with its metrics.

    Returns:
        Index of the largest accuracy; of ties, the one with the smallest log loss.
    """
    ranks = [(-metrics["accuracy"], metrics["log_loss"]) for _, metrics in results]
    return min(range(len(ranks)), key=ranks.__getitem__)


def _splits(
    pixels: NDArray[np.float32], labels: NDArray[np.str_], folds: int
) -> Iterator[tuple[NDArray[np.integer], NDArray[np.integer]]]:
    names, counts = np.unique(labels, return_counts=True)
    has_few = np.isin(labels, names[counts < MIN_IMAGES_TO_HOLD_OUT])
    train_only, rows = np.flatnonzero(has_few), np.flatnonzero(~has_few)
    for train, holdout in StratifiedAugmentedKFold(folds).split(pixels[rows], labels[rows]):
        yield np.concatenate([rows[train], train_only]), rows[holdout]
