"""Timeline of a stack: drift decisions, deployments, versions and accuracy over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from matplotlib.figure import Figure

from faces.data.window import Window
from faces.drift.policy import Action
from faces.reports import embed, render
from faces.reports.image_grid import image_grid, shorten_name
from faces.reports.png import as_png
from faces.reports.timeline_plot import plot_timeline
from faces.reports.timeline_records import (
    AuditEvent,
    DecisionRecord,
    DeploymentEvent,
    VersionRow,
)
from faces.reports.window_images import sample_rows

FACES_PER_WINDOW = 7
MAX_EVENTS = 200
"""Events listed as text; more would make the page hard to read."""


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
    audit_trail: Sequence[AuditEvent] = (),
) -> str:
    """Draw the timeline as an HTML page.

    Args:
        name: The model's name.
        stack: The stack's name.
        decisions: Drift decisions, oldest first.
        deployments: Deployments and rollbacks, oldest first.
        versions: Model versions, in the order of the table.
        windows: Windows of which some faces are shown, by the `run` of their decision.
        audit_trail: Who did what, oldest first.

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
        timeline=embed(plot_timeline(decisions, deployments), "p-values, accuracy and versions")
        if decisions or len(deployments) > 1
        else "",
        events=events[:MAX_EVENTS],
        left_out=max(0, len(events) - MAX_EVENTS),
        versions=versions,
        audit_trail=audit_trail[: -MAX_EVENTS - 1 : -1],
        left_out_of_trail=max(0, len(audit_trail) - MAX_EVENTS),
    )


def plot_window(window: Window) -> bytes:
    """Plot a row of a window's faces, with the identities as answered.

    Args:
        window: At least one face.

    Returns:
        A PNG file.
    """
    rows = sample_rows(window)[:FACES_PER_WINDOW]
    figure = Figure(figsize=(7, 1.2))
    axis = figure.subplots(gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1})
    tiles = [(window.images[row], shorten_name(window.predicted[row])) for row in rows]
    image_grid(axis, tiles, FACES_PER_WINDOW)
    return as_png(figure)


def _decision_event(record: DecisionRecord, window: Window | None) -> _Event:
    faces = Markup()
    if window is not None and len(window):
        faces = embed(plot_window(window), "faces of the window")
    details = (
        f"{record.images} distinct images of {_identities(record.identities)}, "
        f"{record.labelled} faces with feedback; reference: version {record.version}"
    )
    if record.monitor is not None:
        details += f"; monitor: {record.monitor.reason}"
    return _Event(record.when, record.action, f"{record.reason}.", details, faces)


def _identities(count: int) -> str:
    return "1 identity" if count == 1 else f"{count} identities"


def _deployment_event(record: DeploymentEvent) -> _Event:
    text = f"Version {record.version} deployed: {record.reason}."
    return _Event(record.when, record.kind, text, f"by {record.user}", Markup())
