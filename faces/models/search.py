"""Search for the best model: which to try, and how good each is without looking at the tests."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.model_selection import ParameterGrid

from faces.models import build_model
from faces.models.estimators.folds import StratifiedAugmentedKFold
from faces.models.training import fit_classifier, fit_features
from faces.reports.plots import as_png

Params = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A model with its parameters."""

    model: str
    params: Params

    @property
    def key(self) -> str:
        """The same for the same model and parameters."""
        return json.dumps([self.model, self.params], sort_keys=True)

    def __str__(self) -> str:
        return ", ".join([self.model, *(f"{k} {v}" for k, v in self.params.items())])


def sample_trials(
    spaces: Mapping[str, Mapping[str, Sequence[Any]]],
    defaults: Mapping[str, Params],
    count: int,
    seed: int,
) -> list[Trial]:
    """Up to `count` different trials: each model as it is, then values drawn at random.

    Random search: Bergstra and Bengio, JMLR 13 (2012). The same seed plans the same trials.
    """
    plain = [Trial(name, dict(defaults[name])) for name in spaces]
    others = [
        Trial(name, {**defaults[name], **values})
        for name, space in spaces.items()
        for values in ParameterGrid(dict(space))
    ]
    order = np.random.default_rng(seed).permutation(len(others))
    planned = {trial.key: trial for trial in [*plain, *(others[at] for at in order)]}
    return list(planned.values())[:count]


def cross_validate(
    trial: Trial,
    pixels: NDArray[np.float32],
    labels: NDArray[np.str_],
    *,
    folds: int,
    seed: int,
) -> dict[str, float]:
    """Accuracy and log loss of a trial on pixels (n, 4096), each image held out once.

    Folds are fewer where someone has fewer images; who would be left with one image to train on
    is always trained on.
    """
    right: list[NDArray[np.bool_]] = []
    losses: list[NDArray[np.floating]] = []
    for kept, out in _splits(pixels, labels, folds):
        model = build_model(trial.model, **trial.params, seed=seed)
        features = fit_features(model, pixels[kept], labels[kept])
        fitted = fit_classifier(model, features, pixels[kept], labels[kept])
        odds = fitted.predict_proba(pixels[out])
        truth = np.searchsorted(fitted.classes_, labels[out])
        right.append(odds.argmax(axis=1) == truth)
        losses.append(-np.log(odds[np.arange(len(out)), truth] + 1e-12))
    return {
        "accuracy": float(np.concatenate(right).mean()),
        "log_loss": float(np.concatenate(losses).mean()),
    }


def best_index(found: Sequence[tuple[Trial, Mapping[str, float]]]) -> int:
    """The place of the best: the largest accuracy, of equals the smallest log loss."""
    return min(range(len(found)), key=lambda n: (-found[n][1]["accuracy"], found[n][1]["log_loss"]))


def draw_search(found: Sequence[tuple[Trial, Mapping[str, float]]]) -> bytes:
    """Accuracy of every trial, model by model, and the best of them."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axis = figure.subplots()
    best = best_index(found)
    for name in sorted({trial.model for trial, _ in found}):
        at = [n for n, (trial, _) in enumerate(found) if trial.model == name]
        axis.plot([n + 1 for n in at], [found[n][1]["accuracy"] for n in at], "o", label=name)
    top = found[best][1]["accuracy"]
    axis.plot(best + 1, top, "o", markersize=16, fillstyle="none", color="#1d2733")
    axis.set_title(f"best: {found[best][0]} ({top:.3f})", fontsize=9)
    axis.set(xlabel="trial", ylabel="cross-validated accuracy")
    axis.legend(frameon=False, fontsize=8, ncols=3)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


def _splits(
    pixels: NDArray[np.float32], labels: NDArray[np.str_], folds: int
) -> Iterator[tuple[NDArray[np.integer], NDArray[np.integer]]]:
    names, counts = np.unique(labels, return_counts=True)
    few = np.isin(labels, names[counts < 3])
    always, rows = np.flatnonzero(few), np.flatnonzero(~few)
    for kept, out in StratifiedAugmentedKFold(folds).split(pixels[rows], labels[rows]):
        yield np.concatenate([rows[kept], always]), rows[out]
