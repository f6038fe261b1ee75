"""Pictures of data, features and mistakes, as PNG."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from sklearn.pipeline import Pipeline

from faces.data.dataset import CREDITS, Faces
from faces.data.split import Split
from faces.evaluation.metrics import BASELINE, DRIFTED, accuracy_by_condition, confusions
from faces.runtime.lbp import COUNT, FINE

COLOURS = {BASELINE: "#2b6ca3", DRIFTED: "#d9822b"}
PER_ROW = 10
PAIRS = 6
VALUES = 12
"""A condition with more values than these is rather a measurement, and is not drawn."""


def draw_pictures(
    faces: Faces, split: Split, features: Pipeline, predictions: pd.DataFrame
) -> dict[str, bytes]:
    """All pictures of a training run by name, each a PNG."""
    return {
        "faces_by_condition": draw_conditions(faces, split),
        "eigenfaces": draw_eigenfaces(features, faces.images.shape[1]),
        "confused_pairs": draw_confusions(faces, split, predictions),
        "accuracy_by_condition": draw_accuracy(predictions, list(faces.conditions)),
    }


def stack_pictures(pictures: Sequence[bytes]) -> bytes:
    """PNG pictures below one another, in one PNG."""
    images = [Image.open(BytesIO(png)).convert("RGB") for png in pictures]
    width, height = max(i.width for i in images), sum(i.height for i in images)
    sheet = Image.new("RGB", (width, height), "white")
    for place, image in zip(np.cumsum([0, *(i.height for i in images)]), images, strict=False):
        sheet.paste(image, ((width - image.width) // 2, int(place)))
    target = BytesIO()
    sheet.save(target, format="png", compress_level=1)
    return target.getvalue()


def draw_conditions(faces: Faces, split: Split) -> bytes:
    """A row of different people for each value of the conditions that the split is about."""
    rows: list[tuple[str, NDArray[np.integer], str]] = [
        ("trained on", split.train, BASELINE),
        ("baseline test", split.test, BASELINE),
    ]
    drifted = faces.conditions.iloc[split.drifted]
    about = {part.partition("=")[0] for part in split.condition.split(",") if "=" in part}
    for name in (name for name in faces.conditions if name in about):
        for value in sorted(drifted[name].value_counts().index[:VALUES]):
            members = split.drifted[(drifted[name] == value).to_numpy()]
            rows.append((f"drifted\n{name} = {value}", members, DRIFTED))
    height = 1.05 * len(rows) + 0.5
    figure = Figure(figsize=(10.5, height))
    margins = {"left": 0.15, "right": 0.995, "bottom": 0.01, "top": 1 - 0.35 / height}
    spacing = margins | {"hspace": 0.05}
    axes = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw=spacing).flat
    for axis, (title, members, part) in zip(axes, rows, strict=True):
        shown = one_per_person(faces, members)
        image_grid(axis, [(faces.images[row], str(faces.labels[row])) for row in shown], PER_ROW)
        axis.set_ylabel(
            f"{title}\n{len(members)} images",
            rotation=0,
            ha="right",
            va="center",
            color=COLOURS[part],
        )
    figure.suptitle(f"{CREDITS[faces.source]}; split by {split.condition}", fontsize=11)
    return as_png(figure)


def draw_eigenfaces(features: Pipeline, side: int) -> bytes:
    """The mean face, the first fifteen principal components, and the variance they hold.

    Of components of patterns it shows where on the face each looks.
    """
    pca = features["pca"]
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.05, 1), squeeze=False)[0]
    tiles = [(pca.mean_, "mean"), *((c, f"{k + 1}") for k, c in enumerate(pca.components_[:15]))]
    if "patterns" in features.named_steps:
        size = FINE**2 * COUNT
        tiles = [((t[:size] ** 2).reshape(-1, COUNT).sum(axis=1), title) for t, title in tiles]
        side = FINE
    scaled = [((t - t.min()) / np.ptp(t), title) for t, title in tiles]
    image_grid(left.subplots(), [(t.reshape(side, side), title) for t, title in scaled], 4)
    axis = right.subplots()
    share = pca.explained_variance_ratio_
    number = np.arange(1, len(share) + 1)
    axis.bar(number, share / share[0], color="#b9cfe3", width=1.0, label="one component (scaled)")
    axis.plot(number, share.cumsum(), color=COLOURS[BASELINE], label="all up to it")
    axis.set(xlabel="principal component", ylabel="share of variance", ylim=(0, 1.02))
    axis.set_title(f"{len(share)} components hold {share.sum():.1%} of the variance", fontsize=10)
    axis.legend(frameon=False, loc="center right")
    axis.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


def draw_confusions(faces: Faces, split: Split, predictions: pd.DataFrame) -> bytes:
    """The most confused pairs: the image, who it is, and whom the model took it for."""
    pairs = confusions(predictions).head(PAIRS)
    lines = -(-len(pairs) // 2)
    figure = Figure(figsize=(10.5, max(1.0, 1.75 * lines)), layout="constrained")
    if pairs.empty:
        figure.text(0.5, 0.5, "No image was taken for someone else.", ha="center", fontsize=12)
        return as_png(figure)
    axes = figure.subplots(lines, 2, squeeze=False, gridspec_kw={"wspace": 0.12}).flat
    for pair, axis in zip(pairs.itertuples(), axes, strict=False):
        who = (pair.part, pair.label, pair.predicted)
        same = (predictions[["part", "label", "predicted"]] == who).all(axis=1)
        worst = predictions[same].nlargest(1, "confidence").iloc[0]
        shown = (
            (int(worst["row"]), f"{pair.images}×, at most {worst['confidence']:.0%} sure"),
            (_example(faces, split, pair.label), f"is {pair.label}"),
            (_example(faces, split, pair.predicted), f"taken for {pair.predicted}"),
        )
        image_grid(axis, [(faces.images[row], title) for row, title in shown], 3, gap=0.12)
        axis.set_ylabel(pair.part, color=COLOURS[pair.part])
    for axis in axes:
        axis.remove()
    return as_png(figure)


def draw_accuracy(predictions: pd.DataFrame, conditions: Sequence[str]) -> bytes:
    """Accuracy with its interval for every value of every condition, baseline and drifted."""
    whole = predictions.assign(**{"all images": ""})
    few = [name for name in conditions if predictions[name].nunique() <= VALUES]
    table = accuracy_by_condition(whole, ["all images", *few])
    names = [f"{c}  {v}".strip() for c, v in zip(table["condition"], table["value"], strict=True)]
    order = list(dict.fromkeys(names))[::-1]
    figure = Figure(figsize=(8.5, 0.34 * len(order) + 1.3), layout="constrained")
    axis = figure.subplots()
    for part, offset in ((BASELINE, 0.17), (DRIFTED, -0.17)):
        mine = (table["part"] == part).to_numpy()
        if not mine.any():
            continue
        at = [order.index(n) + offset for n, m in zip(names, mine, strict=True) if m]
        rows = table[mine]
        span = [rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]]
        axis.errorbar(
            rows["accuracy"],
            at,
            xerr=np.clip(span, 0, 1),
            fmt="o",
            capsize=3,
            color=COLOURS[part],
            label=part,
        )
        for place, line in zip(at, rows.itertuples(), strict=True):
            axis.annotate(
                f"{line.accuracy:.0%} of {line.images}",
                (1.02, place),
                fontsize=7,
                va="center",
                color=COLOURS[part],
            )
    axis.set_yticks(range(len(order)), order)
    axis.set(xlim=(0, 1.16), xticks=np.linspace(0, 1, 6), xlabel="accuracy with its 95 % interval")
    axis.grid(axis="x", alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return as_png(figure)


def one_per_person(faces: Faces, rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Up to PER_ROW of `rows`, as many different people as there are, spread evenly."""
    _, first = np.unique(faces.labels[rows], return_index=True)
    others = np.setdiff1d(np.arange(len(rows)), first)
    chosen = np.concatenate([first, others])[: max(PER_ROW, len(first))]
    pick = np.linspace(0, len(chosen) - 1, min(PER_ROW, len(chosen))).round().astype(int)
    picked: NDArray[np.integer] = rows[chosen[pick]]
    return picked


def _example(faces: Faces, split: Split, person: str) -> int:
    return int(split.train[faces.labels[split.train] == person][0])


def image_grid(
    axis: Axes, images: Sequence[tuple[NDArray[np.floating], str]], per_row: int, gap: float = 0.06
) -> None:
    """Lay images with titles out in rows on one axis: quicker than an axis an image."""
    for place, (image, title) in enumerate(images):
        x, y = place % per_row * (1 + gap), -(place // per_row) * 1.22
        axis.imshow(image, cmap="gray", vmin=0, vmax=1, extent=(x, x + 1, y, y + 1))
        axis.text(x + 0.5, y + 1.03, title, ha="center", va="bottom", fontsize=7)
    rows = -(-len(images) // per_row)
    axis.set(
        xlim=(0, per_row * (1 + gap) - gap), ylim=(1.22 - 1.22 * rows, 1.22), xticks=[], yticks=[]
    )
    axis.spines[:].set_visible(False)


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    target = BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return target.getvalue()
