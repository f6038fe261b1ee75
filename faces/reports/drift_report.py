"""The page about one window: the verdict, the faces, and where they differ."""

from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from faces.data.dataset import Faces
from faces.reports import embed, render
from faces.reports.plots import COLOURS, PER_ROW, as_png, image_grid, one_per_person

BEFORE, NOW = COLOURS["baseline"], COLOURS["drifted"]


def draw_drift_page(
    trained: Faces,
    window: Faces,
    drift: dict[str, Any],
    decision: dict[str, Any],
    reference: pd.DataFrame,
    measured: pd.DataFrame,
    columns: pd.DataFrame,
) -> str:
    """The page as HTML.

    `drift` and `decision` are what was found and decided; `reference` and `measured` are the
    statistics of training images and of `window`, `columns` which of them drifted.
    """
    return render(
        "drift_report.html",
        drift=drift,
        decision=decision,
        columns=columns.sort_values("p_value").to_dict("records"),
        faces=embed(draw_faces(trained, window, measured), "faces trained on and faces that came"),
        distributions=embed(
            draw_distributions(reference, measured, columns), "distributions of each column"
        ),
        evidently=version("evidently"),
    )


def draw_faces(trained: Faces, window: Faces, measured: pd.DataFrame) -> bytes:
    """Rows of faces: trained on, of the window, and those of the window that are most unlike."""
    unlike = np.argsort(-(measured.to_numpy() ** 2).sum(axis=1))[:PER_ROW]
    rows = (
        ("trained on", trained, one_per_person(trained, np.arange(len(trained))), BEFORE),
        ("came", window, one_per_person(window, np.arange(len(window))), NOW),
        ("most unlike\nof those", window, unlike, NOW),
    )
    figure = Figure(figsize=(10.5, 3.7))
    margins = {"left": 0.1, "right": 0.995, "bottom": 0.01, "top": 0.97, "hspace": 0.05}
    axes = figure.subplots(3, 1, gridspec_kw=margins)
    for axis, (title, faces, chosen, colour) in zip(axes, rows, strict=True):
        named = _titles(faces)
        image_grid(axis, [(faces.images[row], named[row]) for row in chosen], PER_ROW)
        axis.set_ylabel(title, rotation=0, ha="right", va="center", color=colour)
    return as_png(figure)


def draw_distributions(
    reference: pd.DataFrame, measured: pd.DataFrame, columns: pd.DataFrame
) -> bytes:
    """A panel for each column: how it was spread before, and how it is now."""
    figure = Figure(figsize=(10.5, 5.6), layout="constrained")
    across = 3
    axes = figure.subplots(-(-len(columns) // across), across, squeeze=False).flat
    for axis, row in zip(axes, columns.itertuples(), strict=False):
        both = np.concatenate([reference[row.column], measured[row.column]])
        edges = np.linspace(both.min(), both.max() + 1e-9, 22)
        for values, colour, label in (
            (reference[row.column], BEFORE, "trained on"),
            (measured[row.column], NOW, "came"),
        ):
            axis.hist(values, edges, density=True, alpha=0.55, color=colour, label=label)
        weight = "bold" if row.drifted else "normal"
        axis.set_title(f"{row.column} (p = {row.p_value:.2g})", fontsize=9, fontweight=weight)
        axis.tick_params(labelsize=7)
        axis.set_yticks([])
        axis.spines[["top", "right", "left"]].set_visible(False)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return as_png(figure)


def _titles(faces: Faces) -> list[str]:
    """Under whose name each face stands, and who it was, as far as that is known."""
    if "truth" not in faces.conditions:
        return [str(name) for name in faces.labels]
    told = []
    for named, truth in zip(faces.labels, faces.conditions["truth"], strict=True):
        if not truth:
            told.append(f"named {named}")
        else:
            told.append(f"{named}, right" if truth == named else f"named {named}\nis {truth}")
    return told
