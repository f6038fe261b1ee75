"""Timeline of a stack: drift decisions, deployments, versions and accuracy over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from faces.data.window import Window
from faces.drift.accuracy import AccuracyDrop
from faces.drift.policy import Action
from faces.reports import embed, render
from faces.reports.image_grid import PER_ROW, image_grid, shorten_name
from faces.reports.plots import as_png
from faces.reports.window_images import sample_rows

MARKERS = {
    Action.NONE: ("o", "#4b9a5f"),
    Action.NOT_ENOUGH_EVIDENCE: (".", "#9aa5b1"),
    Action.WAIT: ("s", "#c9a227"),
    Action.ALERT: ("X", "#c0392b"),
    Action.RETRAIN: ("^", "#d9822b"),
}
WINDOW_COLOUR, VERSION_COLOUR = "#d9822b", "#2b6ca3"
MAX_EVENTS = 200
"""Events listed as text; more would make the page hard to read."""


@dataclass(frozen=True)
class DecisionRecord:
    """A drift decision.

    Attributes:
        run: Id of the pipeline run.
        when: When it was made, with a time zone.
        action: What was decided.
        reason: Why, in one sentence without a full stop.
        images: Number of distinct images in the window.
        identities: Number of identities recognised in the window.
        labelled: Number of faces with a feedback label.
        version: The version that the window was compared with.
        p_value: Of the drift test; None if the window was not tested.
        threshold: Significance level of the drift test.
        accuracy: Drop in accuracy; None without feedback.
    """

    run: str
    when: datetime
    action: Action
    reason: str
    images: int
    identities: int
    labelled: int
    version: int
    p_value: float | None
    threshold: float
    accuracy: AccuracyDrop | None


@dataclass(frozen=True)
class DeploymentEvent:
    """A deployment or a rollback.

    Attributes:
        kind: "deployment" or "rollback".
        version: The version that was deployed.
        when: When it was deployed, with a time zone.
        reason: Why, in one sentence without a full stop.
        user: Who ran the pipeline.
    """

    kind: str
    version: int
    when: datetime
    reason: str
    user: str


@dataclass(frozen=True)
class VersionRow:
    """A model version, as a row of the page's table.

    Attributes:
        number: The version's number.
        stage: Its stage in the model registry.
        baseline_accuracy: Accuracy on its baseline test; None if unknown.
        drifted_accuracy: Accuracy on its drifted test; None if unknown.
        data: Source and version of its data.
        gate: The reason of the promotion gate.
    """

    number: int
    stage: str
    baseline_accuracy: float | None
    drifted_accuracy: float | None
    data: str
    gate: str


@dataclass(frozen=True)
class _Event:
    """A row of the list of events."""

    when: datetime
    kind: str
    text: str
    details: str
    faces: Markup


def draw_timeline_page(
    name: str,
    stack: str,
    decisions: Sequence[DecisionRecord],
    deployments: Sequence[DeploymentEvent],
    versions: Sequence[VersionRow],
    windows: Mapping[str, Window],
) -> str:
    """Draw the timeline as an HTML page.

    Args:
        name: The model's name.
        stack: The stack's name.
        decisions: Drift decisions, oldest first.
        deployments: Deployments and rollbacks, oldest first.
        versions: Model versions, in the order of the table.
        windows: Windows of which some faces are shown, by the `run` of their decision.

    Returns:
        The HTML page.
    """
    events = [_decision_event(record, windows.get(record.run)) for record in decisions]
    events += [_deployment_event(record) for record in deployments]
    events.sort(key=lambda event: event.when, reverse=True)
    return render(
        "timeline.html",
        name=name,
        stack=stack,
        live=deployments[-1].version if deployments else None,
        decisions=len(decisions),
        retrained=sum(record.action == Action.RETRAIN for record in decisions),
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        timeline=embed(plot_timeline(decisions, deployments), "p-values, accuracy and versions"),
        events=events[:MAX_EVENTS],
        left_out=max(0, len(events) - MAX_EVENTS),
        versions=versions,
    )


def plot_timeline(
    decisions: Sequence[DecisionRecord], deployments: Sequence[DeploymentEvent]
) -> bytes:
    """Plot p-values, accuracy where feedback came, and the live version, over time."""
    figure = Figure(figsize=(10.5, 6.2), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.6))
    _plot_p_values(top, decisions)
    _plot_accuracies(middle, decisions)
    times = [_date(record.when) for record in decisions]
    times += [_date(event.when) for event in deployments]
    _plot_versions(bottom, deployments, times)
    if times:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_formatter(formatter)
    for axis in (top, middle, bottom):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", alpha=0.2)
        for event in deployments:
            axis.axvline(_date(event.when), color=VERSION_COLOUR, alpha=0.35, linestyle=":")
    return as_png(figure)


def _plot_p_values(axis: Axes, decisions: Sequence[DecisionRecord]) -> None:
    tested = [record for record in decisions if record.p_value is not None]
    for action, (marker, colour) in MARKERS.items():
        records = [record for record in tested if record.action == action]
        if records:
            axis.scatter(
                [_date(record.when) for record in records],
                np.array([record.p_value for record in records], float),
                marker=marker, color=colour, label=action.replace("_", " "), zorder=3,
            )  # fmt: skip
    if tested:
        times = [_date(record.when) for record in tested]
        thresholds = [record.threshold for record in tested]
        axis.plot(times, thresholds, "--", color="#7b8794", linewidth=1, label="threshold")
        axis.legend(frameon=False, fontsize=8, ncols=6, loc="lower right", bbox_to_anchor=(1, 1))
    axis.set(yscale="log", ylabel="p-value", ylim=(5e-4, 1.5))


def _plot_accuracies(axis: Axes, decisions: Sequence[DecisionRecord]) -> None:
    points = [(_date(r.when), r.accuracy) for r in decisions if r.accuracy is not None]
    if points:
        times = [time for time, _ in points]
        now = np.array([accuracy.now for _, accuracy in points])
        low = np.array([accuracy.low for _, accuracy in points])
        high = np.array([accuracy.high for _, accuracy in points])
        axis.errorbar(
            times, now, yerr=[now - low, high - now], fmt="o", color=WINDOW_COLOUR, capsize=3,
            label="windows",
        )  # fmt: skip
        before = [accuracy.before for _, accuracy in points]
        axis.plot(times, before, "_", color=VERSION_COLOUR, markersize=14, label="baseline test")
        axis.legend(frameon=False, fontsize=8, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    axis.set(ylabel="accuracy", ylim=(0, 1.05))


def _plot_versions(axis: Axes, deployments: Sequence[DeploymentEvent], times: list[float]) -> None:
    if deployments:
        end = max(times) + 0.02 * (max(times) - min(times))
        numbers = [event.version for event in deployments]
        starts = [_date(event.when) for event in deployments]
        axis.step([*starts, end], [*numbers, numbers[-1]], where="post", color=VERSION_COLOUR)
        axis.set_yticks(sorted(set(numbers))[-8:])
    axis.set_ylabel("live version")


def _date(when: datetime) -> float:
    return float(date2num(when))  # type: ignore[no-untyped-call]


def plot_window(window: Window) -> bytes:
    """Plot a row of a window's faces, with the identities as answered."""
    rows = sample_rows(window)
    figure = Figure(figsize=(9.4, 1.15))
    axis = figure.subplots(gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1})
    tiles = [(window.images[row], shorten_name(window.predicted[row])) for row in rows]
    image_grid(axis, tiles, PER_ROW)
    return as_png(figure)


def _decision_event(record: DecisionRecord, window: Window | None) -> _Event:
    faces = Markup()
    if window is not None and len(window):
        faces = embed(plot_window(window), "faces of the window")
    details = (
        f"{record.images} faces of {record.identities} identities, {record.labelled} with "
        f"feedback; reference: version {record.version}"
    )
    return _Event(record.when, record.action, f"{record.reason}.", details, faces)


def _deployment_event(record: DeploymentEvent) -> _Event:
    text = f"Version {record.version} deployed: {record.reason}."
    return _Event(record.when, record.kind, text, f"by {record.user}", Markup())
