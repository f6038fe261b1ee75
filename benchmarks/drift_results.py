"""Tables and curves of the drift benchmark."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from faces.evaluation.metrics import wilson_interval
from faces.reports.png import as_png

ALPHA = 0.01
SIZES = (10, 25, 50, 100)
DEFAULT = "moments by identity (default)"
COMPARED = ("30 % turned heads", "half turned heads")
COLOURS = colormaps["tab20"].colors  # type: ignore[attr-defined]
Counts = dict[tuple[str, int, str], list[bool]]
"""Alarms by kind of window, size and detector."""


def draw_curves(counts: Counts) -> bytes:
    """Plot alarms by window size: default detector by kind, and all detectors for two kinds."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    kinds = [k for k in dict.fromkeys(kind for kind, _, _ in counts) if "people" not in k]
    detectors = list(dict.fromkeys(detector for _, _, detector in counts))
    panels = [("default detector", [(kind, kind, DEFAULT) for kind in kinds])]
    panels += [(kind, [(d, kind, d) for d in detectors]) for kind in COMPARED]
    for axis, (title, lines) in zip(axes, panels, strict=True):
        for number, (label, kind, detector) in enumerate(lines):
            sizes = [n for n in SIZES if counts.get((kind, n, detector))]
            shares = [np.mean(counts[kind, n, detector]) for n in sizes]
            highlighted = detector == DEFAULT and title != panels[0][0]
            axis.plot(
                sizes, shares, "o-", markersize=3, label=label.replace(" (default)", ""),
                color=COLOURS[number % 20], linewidth=2.5 if highlighted else 1.2,
            )  # fmt: skip
        axis.set(title=title, xlabel="faces in the window", xscale="log", ylim=(-0.02, 1.02))
        axis.set_xticks(SIZES, [str(n) for n in SIZES])
        axis.minorticks_off()
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.2)
    axes[0].set_ylabel(f"share of windows with an alarm, α = {ALPHA}")
    return as_png(figure)


def print_tables(counts: Counts) -> None:
    """Print the default detector for every kind and size, with intervals; then all detectors."""
    kinds = list(dict.fromkeys(kind for kind, _, _ in counts))
    detectors = list(dict.fromkeys(detector for _, _, detector in counts))
    print(f"\nAlarms at α = {ALPHA}, in %, with 95 % intervals: {DEFAULT}\n")
    _row("windows", *(f"n = {size}" for size in SIZES))
    _row(*["---"] * (len(SIZES) + 1))
    for kind in kinds:
        if "people" not in kind:
            _row(kind, *(_cell(counts.get((kind, size, DEFAULT), [])) for size in SIZES))
    few = [kind for kind in kinds if "people" in kind]
    pooled = {
        (kind, detector): [
            alarm for (k, _, d), alarms in counts.items() if (k, d) == (kind, detector)
            for alarm in alarms
        ]
        for kind in few for detector in detectors
    }  # fmt: skip
    print(f"\nAll detectors, alarms at α = {ALPHA} in %:\n")
    rows = [(kind, size) for kind in kinds if kind not in few for size in (25, 50)]
    _row("windows", *detectors)
    _row(*["---"] * (len(detectors) + 1))
    for kind, size in rows:
        if (kind, size, DEFAULT) in counts:
            cells = [f"{100 * np.mean(counts[kind, size, d]):.0f}" for d in detectors]
            _row(f"{kind}, n = {size}", *cells)
    for kind in few:
        _row(kind, *(f"{100 * np.mean(pooled[kind, d]):.1f}" for d in detectors))


def _cell(alarms: list[bool]) -> str:
    if not alarms:
        return ""
    low, high = wilson_interval(sum(alarms), len(alarms))
    return f"{100 * np.mean(alarms):.1f} ({100 * low:.1f}–{100 * high:.1f})"


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")
