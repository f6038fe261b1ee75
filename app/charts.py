"""Charts of the page Monitor, as options of ECharts."""

from collections.abc import Sequence
from typing import Any

from store.deployments import DecisionEntry

GRID = {"left": 48, "right": 16, "top": 24, "bottom": 28}
ACCENT, GREY, WARN = "#4a8fcb", "#8b98a5", "#c98a2b"
SMALLEST = 1e-4
"""Smaller p-values are drawn here, since the axis is logarithmic."""


def p_value_chart(decisions: Sequence[DecisionEntry]) -> dict[str, Any]:
    """Draw the p-value of each drift test, with the level below which there is drift.

    Args:
        decisions: Drift decisions, oldest first.

    Returns:
        The options.
    """
    tested = [entry for entry in decisions if entry.p_value is not None]
    points = [[entry.when, max(entry.p_value or 0, SMALLEST)] for entry in tested]
    limit = tested[-1].threshold if tested else 0.01
    series = {
        "type": "line", "data": points, "symbolSize": 9, "color": ACCENT,
        "markLine": {
            "silent": True, "symbol": "none", "lineStyle": {"color": WARN, "type": "dashed"},
            "label": {"formatter": "drift below", "position": "insideStartTop", "color": WARN},
            "data": [{"yAxis": limit}],
        },
        "markArea": _version_bands(decisions),
    }  # fmt: skip
    axis = {"type": "log", "min": SMALLEST, "max": 1, "axisLabel": {"color": GREY}}
    return _chart(axis, [series])


def accuracy_chart(decisions: Sequence[DecisionEntry]) -> dict[str, Any]:
    """Draw the accuracy by feedback with its 95 % interval.

    Args:
        decisions: Drift decisions, oldest first.

    Returns:
        The options.
    """
    measured = [(entry.when, entry.accuracy) for entry in decisions if entry.accuracy is not None]
    band = {
        "type": "line", "stack": "interval", "lineStyle": {"opacity": 0}, "silent": True,
        "symbol": "rect", "symbolSize": [12, 2], "color": ACCENT,
    }  # fmt: skip
    series = [
        {**band, "data": [[when, drop.low] for when, drop in measured]},
        {
            **band, "data": [[when, drop.high - drop.low] for when, drop in measured],
            "areaStyle": {"color": ACCENT, "opacity": 0.2},
        },
        {
            "type": "line", "data": [[when, drop.now] for when, drop in measured],
            "symbolSize": 9, "color": ACCENT,
        },
    ]  # fmt: skip
    return _chart({"type": "value", "min": 0, "max": 1, "axisLabel": {"color": GREY}}, series)


def _chart(y_axis: dict[str, Any], series: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": GRID,
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time", "axisLabel": {"color": GREY, "hideOverlap": True}},
        "yAxis": {**y_axis, "splitLine": {"lineStyle": {"opacity": 0.25}}},
        "series": series,
    }


def _version_bands(decisions: Sequence[DecisionEntry]) -> dict[str, Any]:
    """Shade the time of every second version, and name each."""
    bands: list[list[dict[str, Any]]] = []
    for entry in decisions:
        name = f"version {entry.version}"
        if bands and bands[-1][0]["name"] == name:
            bands[-1][1]["xAxis"] = entry.when
        else:
            style = {"color": GREY, "opacity": 0.12 if len(bands) % 2 else 0.0}
            start = {"name": name, "xAxis": entry.when, "itemStyle": style}
            bands.append([start, {"xAxis": entry.when}])
    label = {"position": "insideTop", "color": GREY}
    return {"silent": True, "label": label, "data": bands}
