"""Plots of data, features, errors and searches, as PNG files."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from faces.data.dataset import Faces
from faces.data.sources import FOLDER, credit
from faces.data.split import Split
from faces.evaluation.metrics import BASELINE, DRIFTED, accuracy_by_condition, confusions
from faces.models.estimators.local_patterns import LocalBinaryPatterns
from faces.models.search import TrialResult, best_index
from faces.models.training import find_pca
from faces.reports.image_grid import PER_ROW, image_grid, one_per_person, shorten_name
from faces.reports.png import as_png
from faces.runtime.lbp import COUNT, FINE

COLOURS = {BASELINE: "#2b6ca3", DRIFTED: "#d9822b"}
MAX_CONFUSED_PAIRS = 6
MAX_COMPONENTS = 15
MAX_CROPS = 200
MAX_VALUES = 12
"""A condition with more distinct values is a measurement rather than a category: not plotted."""


def plot_results(
    faces: Faces, split: Split, features: Pipeline, predictions: pd.DataFrame
) -> dict[str, bytes]:
    """Plot the results of a training run.

    Args:
        faces: The data.
        split: Its split.
        features: The fitted feature steps of the model.
        predictions: Its predictions of the held-out images.

    Returns:
        PNG files by name; "eigenfaces" only if there is a PCA among the features.
    """
    plots = {"faces_by_condition": plot_conditions(faces, split)}
    if faces.source == FOLDER:
        plots["crops"] = plot_crops(faces)
    pca = find_pca(features)
    if pca is not None:
        is_lbp = any(isinstance(step, LocalBinaryPatterns) for _, step in features.steps)
        plots["eigenfaces"] = plot_eigenfaces(pca, faces.images.shape[1], is_lbp)
    plots["confused_pairs"] = plot_confusions(faces, split, predictions)
    plots["accuracy_by_condition"] = plot_accuracy(predictions, list(faces.conditions))
    return plots


def plot_crops(faces: Faces) -> bytes:
    """Draw a contact sheet of a folder's faces as they were cropped, by person.

    Args:
        faces: The data.

    Returns:
        A PNG file with at most `MAX_CROPS` faces.
    """
    rows = np.argsort(faces.labels, kind="stable")[:MAX_CROPS]
    tiles = [(faces.images[row], shorten_name(faces.labels[row])) for row in rows]
    figure = Figure(figsize=(10.5, 1.25 * math.ceil(len(tiles) / PER_ROW) + 0.3))
    image_grid(figure.add_axes((0.01, 0.01, 0.98, 0.96)), tiles, PER_ROW)
    return as_png(figure)


def plot_conditions(faces: Faces, split: Split) -> bytes:
    """Plot a row of different people for each value of the conditions that the split is about.

    Args:
        faces: The data.
        split: Its split.

    Returns:
        A PNG file.
    """
    rows: list[tuple[str, NDArray[np.integer], str]] = [
        ("training", split.train, BASELINE),
        ("baseline test", split.test, BASELINE),
    ]
    drifted = faces.conditions.iloc[split.drifted]
    split_by = {part.partition("=")[0] for part in split.condition.split(",") if "=" in part}
    for name in (name for name in faces.conditions if name in split_by):
        for value in sorted(drifted[name].value_counts().index[:MAX_VALUES]):
            members = split.drifted[(drifted[name] == value).to_numpy()]
            rows.append((f"drifted\n{name} = {value}", members, DRIFTED))
    height = 1.05 * len(rows) + 0.5
    figure = Figure(figsize=(10.5, height))
    margins = {"left": 0.15, "right": 0.995, "bottom": 0.01, "top": 1 - 0.35 / height}
    spacing = margins | {"hspace": 0.05}
    axes = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw=spacing).flat
    for axis, (title, members, part) in zip(axes, rows, strict=True):
        shown = one_per_person(faces, members)
        tiles = [(faces.images[row], shorten_name(faces.labels[row])) for row in shown]
        image_grid(axis, tiles, PER_ROW)
        label = f"{title}\n{len(members)} image{'' if len(members) == 1 else 's'}"
        style = {"rotation": 0, "ha": "right", "va": "center", "color": COLOURS[part]}
        axis.set_ylabel(label, parse_math=False, **style)
    title = f"{credit(faces.source)}; split by {split.condition}"
    figure.suptitle(title, fontsize=11, parse_math=False)
    return as_png(figure)


def plot_eigenfaces(pca: PCA, side: int, is_lbp: bool) -> bytes:
    """Plot the mean, the first principal components, and the variance they explain.

    Args:
        pca: A fitted PCA of pixels or of histograms of local binary patterns.
        side: Side of the images in pixels.
        is_lbp: Whether it is a PCA of histograms: then the plot shows where on the face each
            component has its weight.

    Returns:
        A PNG file.
    """
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.05, 1), squeeze=False)[0]
    components = pca.components_[:MAX_COMPONENTS]
    vectors = [(pca.mean_, "mean"), *((c, f"{k + 1}") for k, c in enumerate(components))]
    if is_lbp:
        size, side = FINE**2 * COUNT, FINE
        vectors = [((v[:size] ** 2).reshape(-1, COUNT).sum(axis=1), title) for v, title in vectors]
    tiles = [(((v - v.min()) / np.ptp(v)).reshape(side, side), title) for v, title in vectors]
    image_grid(left.subplots(), tiles, 4)
    axis = right.subplots()
    share = pca.explained_variance_ratio_
    number = np.arange(1, len(share) + 1)
    edges = np.arange(len(share) + 1) + 0.5
    axis.stairs(share / share[0], edges, fill=True, color="#b9cfe3", label="each (scaled)")
    axis.plot(number, share.cumsum(), color=COLOURS[BASELINE], label="cumulative")
    axis.set(xlabel="principal component", ylabel="share of variance", ylim=(0, 1.02))
    axis.set_title(
        f"{len(share)} components explain {share.sum():.1%} of the variance", fontsize=10
    )
    axis.legend(frameon=False, loc="center right")
    axis.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


def plot_confusions(faces: Faces, split: Split, predictions: pd.DataFrame) -> bytes:
    """Plot the most confused pairs: the image, the person on it, and the predicted person.

    Args:
        faces: The data.
        split: Its split; examples of people are training images.
        predictions: Predictions of the held-out images, as `predict_held_out` returns them.

    Returns:
        A PNG file.
    """
    pairs = confusions(predictions).head(MAX_CONFUSED_PAIRS)
    lines = -(-len(pairs) // 2)
    figure = Figure(figsize=(10.5, max(1.0, 1.75 * lines)), layout="constrained")
    if pairs.empty:
        figure.text(0.5, 0.5, "All predictions are correct.", ha="center", fontsize=12)
        return as_png(figure)
    axes = figure.subplots(lines, 2, squeeze=False, gridspec_kw={"wspace": 0.12}).flat
    for pair, axis in zip(pairs.itertuples(), axes, strict=False):
        key = (pair.part, pair.label, pair.predicted)
        same = (predictions[["part", "label", "predicted"]] == key).all(axis=1)
        worst = predictions[same].nlargest(1, "confidence").iloc[0]
        shown = (
            (int(worst["row"]), f"{pair.images}×, confidence up to {worst['confidence']:.0%}"),
            (_example(faces, split, pair.label), f"true: {shorten_name(pair.label)}"),
            (_example(faces, split, pair.predicted), f"predicted: {shorten_name(pair.predicted)}"),
        )
        image_grid(axis, [(faces.images[row], title) for row, title in shown], 3, gap=0.12)
        axis.set_ylabel(pair.part, color=COLOURS[pair.part])
    for axis in axes:
        axis.remove()
    return as_png(figure)


def plot_accuracy(predictions: pd.DataFrame, conditions: Sequence[str]) -> bytes:
    """Plot accuracy and its 95 % interval for every value of every condition, baseline and drifted.

    Args:
        predictions: Predictions of the held-out images, as `predict_held_out` returns them.
        conditions: Columns of `predictions` to plot; those with more than `MAX_VALUES` values are
            skipped.

    Returns:
        A PNG file.
    """
    categories = [name for name in conditions if predictions[name].nunique() <= MAX_VALUES]
    table = accuracy_by_condition(
        predictions.assign(**{"all images": ""}), ["all images", *categories]
    )
    names = [f"{c}  {v}".strip() for c, v in zip(table["condition"], table["value"], strict=True)]
    order = list(dict.fromkeys(names))[::-1]
    table = table.assign(y=[order.index(name) for name in names])
    figure = Figure(figsize=(8.5, 0.34 * len(order) + 1.3), layout="constrained")
    axis = figure.subplots()
    for part, offset in ((BASELINE, 0.17), (DRIFTED, -0.17)):
        rows = table[table["part"] == part]
        if len(rows):
            _plot_intervals(axis, rows.assign(y=rows["y"] + offset), part)
    axis.set_yticks(range(len(order)), order)
    axis.set_ylim(-0.6, len(order) - 0.4)
    axis.set(xlim=(0, 1.16), xticks=np.linspace(0, 1, 6), xlabel="accuracy, 95 % interval")
    axis.grid(axis="x", alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return as_png(figure)


def plot_search(results: Sequence[TrialResult]) -> bytes:
    """Plot the accuracy of every trial of a search, by model, and mark the best.

    Args:
        results: Trials with their metrics, in the order of the search; at least one.

    Returns:
        A PNG file.
    """
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axis = figure.subplots()
    accuracy = np.array([metrics["accuracy"] for _, metrics in results])
    models = np.array([trial.model for trial, _ in results])
    for name in np.unique(models):
        trials = np.flatnonzero(models == name)
        axis.plot(trials + 1, accuracy[trials], "o", label=name)
    best = best_index(results)
    axis.plot(best + 1, accuracy[best], "o", markersize=16, fillstyle="none", color="#1d2733")
    axis.set_title(f"best: {results[best][0]} ({accuracy[best]:.3f})", fontsize=9)
    axis.set(xlabel="trial", ylabel="cross-validated accuracy")
    axis.legend(frameon=False, fontsize=8, ncols=3)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


def _example(faces: Faces, split: Split, person: str) -> int:
    """Return the row of a training image of a person."""
    return int(split.train[faces.labels[split.train] == person][0])


def _plot_intervals(axis: Axes, rows: pd.DataFrame, part: str) -> None:
    """Draw accuracies with intervals at the heights `y`, and their numbers of images."""
    span = [rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]]
    errors = np.clip(span, 0, 1)
    colour = COLOURS[part]
    axis.errorbar(
        rows["accuracy"], rows["y"], xerr=errors, fmt="o", capsize=3, color=colour, label=part
    )
    for row in rows.itertuples():
        text = f"{row.accuracy:.0%} of {row.images}"
        axis.annotate(text, (1.02, row.y), fontsize=7, va="center", color=colour)
