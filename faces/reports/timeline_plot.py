"""Plot a timeline: p-values, accuracy and the live version over time."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from faces.drift.policy import Action
from faces.reports.png import as_png
from faces.reports.timeline_records import DecisionRecord, DeploymentEvent

MARKERS = {
    Action.NONE: ("o", "#4b9a5f"),
    Action.NOT_ENOUGH_EVIDENCE: (".", "#9aa5b1"),
    Action.WAIT: ("s", "#c9a227"),
    Action.REPORT: ("D", "#6b8fb5"),
    Action.ALERT: ("X", "#c0392b"),
    Action.RETRAIN: ("^", "#d9822b"),
}
EVIDENCE_RANGE = (1e-3, 1e5)
"""Evidence of the monitor beyond this range is shown at its ends."""

WINDOW_COLOUR, VERSION_COLOUR = "#d9822b", "#2b6ca3"


def plot_timeline(
    decisions: Sequence[DecisionRecord], deployments: Sequence[DeploymentEvent]
) -> bytes:
    """Plot p-values, the monitor's evidence, labelled accuracy and the live version over time.

    Args:
        decisions: Drift decisions, oldest first.
        deployments: Deployments and rollbacks, oldest first.

    Returns:
        A PNG file.
    """
    figure = Figure(figsize=(10.5, 8.0), layout="constrained")
    top, second, middle, bottom = axes = figure.subplots(
        4, 1, sharex=True, height_ratios=(3, 2.4, 3, 1.6)
    )
    _plot_p_values(top, decisions)
    _plot_evidence(second, decisions)
    _plot_accuracies(middle, decisions)
    times = [_date(record.when) for record in decisions]
    times += [_date(event.when) for event in deployments]
    _plot_versions(bottom, deployments, times)
    if times:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_formatter(formatter)
    for axis in axes:
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


def _plot_evidence(axis: Axes, decisions: Sequence[DecisionRecord]) -> None:
    results = [(_date(r.when), r.monitor) for r in decisions if r.monitor is not None]
    if results:
        times = [time for time, _ in results]
        for name, style in (("evidence", "o"), ("peak", "_")):
            values = np.array([getattr(result, name) for _, result in results])
            shown = np.clip(values, *EVIDENCE_RANGE)
            axis.plot(times, shown, style, color=WINDOW_COLOUR, markersize=7, label=name)
        alarm = np.array([1 / result.level for _, result in results])
        axis.plot(times, alarm, "--", color="#7b8794", linewidth=1, label="alarm")
        axis.legend(frameon=False, fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 1))
    axis.set(yscale="log", ylabel="monitor", ylim=EVIDENCE_RANGE)


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
