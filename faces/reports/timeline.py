"""The page about everything that happened: windows, decisions, versions, accuracy over time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from faces.data.dataset import Faces
from faces.drift.policy import ALERT, NONE, NOT_ENOUGH_EVIDENCE, RETRAIN, WAIT
from faces.reports import embed, render
from faces.reports.plots import as_png, image_grid, one_per_person

MARKS = {
    NONE: ("o", "#4b9a5f"),
    NOT_ENOUGH_EVIDENCE: (".", "#9aa5b1"),
    WAIT: ("s", "#c9a227"),
    ALERT: ("X", "#c0392b"),
    RETRAIN: ("^", "#d9822b"),
}
MAX_EVENTS = 200
"""Events that are told in words: the page shall stay readable."""

Record = Mapping[str, Any]


def draw_history_page(
    about: Mapping[str, Any],
    decisions: Sequence[Record],
    deployments: Sequence[Record],
    versions: Sequence[Record],
    windows: Mapping[str, Faces],
) -> str:
    """The page as HTML. `about` has the model's `name` and the `stack`.

    `decisions` and `deployments` are what the pipelines wrote down, oldest first; `versions` have
    number, stage, baseline, drifted, data and gate; `windows` has faces for some decisions' `run`.
    """
    events = [_decided(made, windows.get(made["run"])) for made in decisions]
    events += [_deployed(made) for made in deployments]
    events.sort(key=lambda event: str(event["when"]), reverse=True)
    return render(
        "timeline.html",
        **about,
        live=deployments[-1]["version"] if deployments else None,
        decisions=len(decisions),
        retrained=sum(made["decision"] == RETRAIN for made in decisions),
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        timeline=embed(draw_timeline(decisions, deployments), "p-values, accuracy and versions"),
        events=[event | {"when": str(event["when"])[:19].replace("T", " ")}
                for event in events[:MAX_EVENTS]],
        left_out=max(0, len(events) - MAX_EVENTS),
        versions=versions,
    )  # fmt: skip


def draw_timeline(decisions: Sequence[Record], deployments: Sequence[Record]) -> bytes:
    """Three panels over time: the p-value, accuracy where feedback came, the live version."""
    figure = Figure(figsize=(10.5, 6.2), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.6))
    _p_values(top, decisions)
    _accuracies(middle, decisions)
    if deployments:
        times = [_time(made) for made in deployments]
        ends = [_time(made) for made in [*decisions, *deployments]]
        end = max(ends) + 0.02 * (max(ends) - min(ends))
        numbers = [int(made["version"]) for made in deployments]
        bottom.step([*times, end], [*numbers, numbers[-1]], where="post", color="#2b6ca3")
        bottom.set_yticks(sorted(set(numbers))[-8:])
    bottom.set_ylabel("live version")
    if decisions or deployments:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_locator(locator)
        told = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_formatter(told)
    for axis in (top, middle, bottom):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", alpha=0.2)
        for made in deployments:
            axis.axvline(_time(made), color="#2b6ca3", alpha=0.35, linestyle=":")
    return as_png(figure)


def _p_values(axis: Axes, decisions: Sequence[Record]) -> None:
    for name, (mark, colour) in MARKS.items():
        made = [m for m in decisions if m["decision"] == name and m.get("p_value") is not None]
        if made:
            axis.scatter(
                [_time(m) for m in made], [m["p_value"] for m in made],
                marker=mark, color=colour, label=name.replace("_", " "), zorder=3,
            )  # fmt: skip
    tested = [m for m in decisions if m.get("p_value") is not None]
    if tested:
        times, thresholds = [_time(m) for m in tested], [m["threshold"] for m in tested]
        axis.plot(times, thresholds, "--", color="#7b8794", linewidth=1, label="threshold")
        axis.legend(frameon=False, fontsize=8, ncols=6, loc="lower right", bbox_to_anchor=(1, 1))
    axis.set(yscale="log", ylabel="p of “no drift”", ylim=(5e-4, 1.5))


def _accuracies(axis: Axes, decisions: Sequence[Record]) -> None:
    made = [m for m in decisions if m.get("accuracy_now") is not None]
    if made:
        times = [_time(m) for m in made]
        now = np.array([m["accuracy_now"] for m in made])
        span = np.abs([[m["accuracy_low"] for m in made], [m["accuracy_high"] for m in made]] - now)
        axis.errorbar(times, now, yerr=span, fmt="o", color="#d9822b", capsize=3, label="windows")
        before = [m["accuracy_before"] for m in made]
        axis.plot(times, before, "_", color="#2b6ca3", markersize=14, label="baseline test")
        axis.legend(frameon=False, fontsize=8, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    axis.set(ylabel="accuracy", ylim=(0, 1.05))


def _decided(made: Record, window: Faces | None) -> dict[str, Any]:
    shown = Markup("")
    if window is not None and len(window):
        shown = embed(draw_window(window), "some of its faces")
    about = (
        f"{made['window']} faces of {made['subjects']} people, {made['labelled']} with feedback; "
        f"version {made['version']}"
    )
    kind, text = made["decision"], f"{made['reason']}."
    return {"when": made["when"], "kind": kind, "text": text, "about": about, "faces": shown}


def _deployed(made: Record) -> dict[str, Any]:
    text = f"Version {made['version']} went live: {made['reason']}."
    about = f"by {made['who']}"
    return {"when": made["when"], "kind": made["kind"], "text": text, "about": about, "faces": ""}


def draw_window(window: Faces) -> bytes:
    """A row of a window's faces with the names that the model gave them."""
    rows = one_per_person(window, np.arange(len(window)))
    figure = Figure(figsize=(7, 0.95))
    axis = figure.subplots(gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1})
    image_grid(axis, [(window.images[row], str(window.labels[row])) for row in rows], len(rows))
    return as_png(figure)


def _time(made: Record) -> float:
    return float(date2num(datetime.fromisoformat(str(made["when"]))))  # type: ignore[no-untyped-call]
