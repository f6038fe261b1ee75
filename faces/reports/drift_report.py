"""Drift report of one window: decision, faces, and distributions of the capture features."""

from importlib.metadata import version

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import DriftDecision
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    describe_quarantine,
    describe_senders,
)
from faces.reports import embed, render
from faces.reports.image_grid import PER_ROW, image_grid, one_per_person, shorten_name
from faces.reports.plots import COLOURS
from faces.reports.png import as_png
from faces.reports.window_images import captioned, sample_rows

TRAINING_COLOUR, WINDOW_COLOUR = COLOURS["baseline"], COLOURS["drifted"]
PANELS_PER_ROW = 3
BINS = 22
MAX_QUARANTINED_ROWS = 3


def draw_drift_report(
    trained: Faces,
    window: Window,
    feedback: FeedbackVerification,
    result: MonitoringResult,
    decision: DriftDecision,
    reference: pd.DataFrame,
    measured: pd.DataFrame,
    columns: pd.DataFrame,
) -> str:
    """Draw the report as an HTML page.

    Args:
        trained: Training images of the version.
        window: The window.
        feedback: Which of its labels are quarantined.
        result: What was measured in the window.
        decision: What was decided about the window.
        reference: Features of training images, (m, d).
        measured: Features of the window's images, a row for each image, (n, d).
        columns: Tests of each column, as `evidently_report` returns them.

    Returns:
        The HTML page.
    """
    distributions = plot_distributions(reference, measured, columns)
    ranked = columns.sort_values("p_value")
    verified = feedback.verified(window)
    return render(
        "drift_report.html",
        result=result,
        drift=result.drift,
        decision=decision,
        feedback=feedback,
        quarantine=describe_quarantine(feedback.counts),
        senders=describe_senders(feedback.senders),
        quarantined=embed(plot_quarantined(window, feedback), "faces with quarantined labels"),
        shown=PER_ROW * MAX_QUARANTINED_ROWS,
        unmatched_feedback=window.unmatched_feedback,
        columns=ranked.to_dict("records"),
        differing=ranked["column"][ranked["differs"]].tolist(),
        faces=embed(plot_faces(trained, verified, measured), "training images and window images"),
        distributions=embed(distributions, "distribution of each feature"),
        evidently=version("evidently"),
    )


def plot_faces(trained: Faces, window: Window, measured: pd.DataFrame) -> bytes:
    """Plot training images, images of the window, and the most unusual images of the window.

    Args:
        trained: Training images of the version.
        window: The window, n images.
        measured: Its features (n, d), in robust standard deviations: the images with the largest
            sums of squares are the most unusual.

    Returns:
        A PNG file.
    """
    unusual = np.argsort(-(measured.to_numpy() ** 2).sum(axis=1))[:PER_ROW]
    rows = one_per_person(trained, np.arange(len(trained)))
    training = [(trained.images[row], shorten_name(trained.labels[row])) for row in rows]
    figure = Figure(figsize=(10.5, 3.7))
    margins = {"left": 0.1, "right": 0.995, "bottom": 0.01, "top": 0.97, "hspace": 0.05}
    axes = figure.subplots(3, 1, gridspec_kw=margins)
    for axis, title, tiles, colour in (
        (axes[0], "training", training, TRAINING_COLOUR),
        (axes[1], "window", captioned(window, sample_rows(window)), WINDOW_COLOUR),
        (axes[2], "most unusual\nin window", captioned(window, unusual), WINDOW_COLOUR),
    ):
        image_grid(axis, tiles, PER_ROW)
        axis.set_ylabel(title, rotation=0, ha="right", va="center", color=colour)
    return as_png(figure)


def plot_quarantined(window: Window, feedback: FeedbackVerification) -> bytes:
    """Plot faces with quarantined labels.

    Args:
        window: The window.
        feedback: Which of its labels are quarantined; the first of them are plotted.

    Returns:
        A PNG file.
    """
    shown = feedback.quarantined[: PER_ROW * MAX_QUARANTINED_ROWS]
    tiles = [
        (
            window.images[label.row],
            f"{label.row}: {shorten_name(window.labels[label.row])}\n"
            f"{label.reason.replace('_', ' ')}"
            + ("" if label.similarity is None else f" {label.similarity:.2f}")
            + (f"\nfrom {shorten_name(label.sender)}" if label.sender else ""),
        )
        for label in shown
    ]
    figure = Figure(figsize=(10.5, 1.3 * max(1, -(-len(tiles) // PER_ROW))), layout="constrained")
    image_grid(figure.subplots(), tiles, PER_ROW)
    return as_png(figure)


def plot_distributions(
    reference: pd.DataFrame, measured: pd.DataFrame, columns: pd.DataFrame
) -> bytes:
    """Plot histograms of each feature, of training images and of the window.

    Args:
        reference: Features of training images, (m, d).
        measured: Features of the window's images, (n, d).
        columns: A row for each feature with its name (`column`), `p_value` and `drifted`, as
            `evidently_report` returns them.

    Returns:
        A PNG file.
    """
    figure = Figure(figsize=(10.5, 5.6), layout="constrained")
    panels = -(-len(columns) // PANELS_PER_ROW)
    axes = figure.subplots(panels, PANELS_PER_ROW, squeeze=False).flat
    for axis, row in zip(axes, columns.itertuples(), strict=False):
        _plot_histograms(axis, reference[row.column], measured[row.column])
        title = f"{row.column}{' differs' if row.differs else ''} (corrected p = {row.p_value:.2g})"
        axis.set_title(title, fontsize=9, fontweight="bold" if row.differs else "normal")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return as_png(figure)


def _plot_histograms(axis: Axes, reference: pd.Series, measured: pd.Series) -> None:
    both = np.concatenate([reference, measured])
    edges = np.linspace(both.min(), both.max() + 1e-9, BINS).tolist()
    for values, colour, label in (
        (reference, TRAINING_COLOUR, "training"),
        (measured, WINDOW_COLOUR, "window"),
    ):
        axis.hist(values, edges, density=True, alpha=0.55, color=colour, label=label)
    axis.tick_params(labelsize=7)
    axis.set_yticks([])
    axis.spines[["top", "right", "left"]].set_visible(False)
