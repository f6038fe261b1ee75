"""The page Monitor: is the endpoint well, and are its answers still right? It refreshes itself."""

from html import escape

from nicegui import ui

from app.backend import Backend
from app.charts import accuracy_chart, p_value_chart
from app.endpoint_metrics import EndpointMetrics, read_metrics
from app.pages.layout import attempt, frame, trusted_html
from app.pages.progress import run_in_view
from components.deployers.endpoint import EndpointStatus, State
from faces.errors import OperationError
from store.deployments import DecisionEntry

REFRESH_SECONDS = 5.0
LAST_DECISIONS = 10
Snapshot = tuple[EndpointStatus, EndpointMetrics | None, list[DecisionEntry]]


def add_page(backend: Backend) -> None:
    """Register the page.

    Args:
        backend: What it shows.
    """

    @ui.page("/monitor")
    async def page() -> None:
        with frame("/monitor"):
            await MonitorPage(backend).build()


class MonitorPage:
    """The page, for one visitor.

    Args:
        backend: State of the endpoint, and drift decisions.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._decided = -1
        self._facts: ui.html
        self._history: ui.element

    async def build(self) -> None:
        """Add the state, the charts and the last decisions; refresh them until the page is left."""
        trusted_html("<h1>Is everything well?</h1>")
        self._facts = trusted_html("<p class=soft>Asking the endpoint …</p>", tag="section")
        self._facts.props('aria-label="Endpoint"')
        with ui.element("div").classes("row"):
            ui.button("Check for drift now", on_click=self._check).props("outline no-caps")
        self._history = ui.element("section").props('aria-label="Drift"').classes("stack")
        await ui.context.client.connected()
        await self._refresh()
        ui.timer(REFRESH_SECONDS, self._refresh, immediate=False)

    async def _check(self) -> None:
        await run_in_view("Checking for drift", ["--pipeline", "drift_detection"])
        await self._refresh()

    def _read(self) -> Snapshot:
        status = self._backend.status()
        try:
            metrics = read_metrics(status.endpoint)
        except OperationError:
            metrics = None
        return status, metrics, self._backend.decisions()

    async def _refresh(self) -> None:
        snapshot: Snapshot | None = await attempt(self._read)
        if snapshot is None:
            return
        status, metrics, decisions = snapshot
        self._facts.set_content(_facts_html(status, metrics))
        if len(decisions) != self._decided:
            self._decided = len(decisions)
            self._show_history(decisions)

    def _show_history(self, decisions: list[DecisionEntry]) -> None:
        self._history.clear()
        with self._history:
            if not decisions:
                trusted_html("<p>There was no drift detection yet.</p>")
                return
            with ui.element("div").classes("halves"):
                with ui.element("div").classes("card"):
                    trusted_html("<h2>Data drift: p-value of each window</h2>")
                    ui.echart(p_value_chart(decisions)).classes("chart")
                with ui.element("div").classes("card"):
                    trusted_html("<h2>Accuracy by feedback, with its 95 % interval</h2>")
                    if any(entry.accuracy for entry in decisions):
                        ui.echart(accuracy_chart(decisions)).classes("chart")
                    else:
                        trusted_html("<p class=soft>No window had labels.</p>")
            trusted_html(_decisions_html(decisions)).classes("card")


def _facts_html(status: EndpointStatus, metrics: EndpointMetrics | None) -> str:
    """Return the state of the endpoint, and what it has counted."""
    colour = "good" if status.state == State.RUNNING else "bad"
    facts = {"Endpoint": f'<span class="{colour}">{status.state}</span>'}
    facts["Version"] = escape(status.endpoint.version)
    if status.since is not None:
        facts["Since"] = f"{status.since:%Y-%m-%d %H:%M} UTC"
    if metrics is not None:
        share = metrics.unknown / metrics.faces if metrics.faces else 0
        facts["Requests"] = f"{metrics.requests:,} ({metrics.failed} failed)"
        facts["Faces"] = f"{metrics.faces:,}, {share:.0%} unknown"
        if metrics.latency is not None:
            slow = f", 99 % within {metrics.slow:g}" if metrics.slow else ""
            facts["Latency"] = f"{metrics.latency:.1f} ms on average{slow} ms"
    problem = "" if status.state == State.RUNNING else f"<p class=bad>{escape(status.detail)}</p>"
    fix = "" if status.state == State.RUNNING else "<p>python run.py endpoint --start</p>"
    tiles = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in facts.items())
    return f'<dl class="tiles">{tiles}</dl>{problem}{fix}'


def _decisions_html(decisions: list[DecisionEntry]) -> str:
    rows = "".join(
        f"<tr><td>{entry.when[:16].replace('T', ' ')}</td>"
        f"<td><strong>{escape(entry.action.replace('_', ' '))}</strong></td>"
        f"<td>{escape(entry.reason)}</td></tr>"
        for entry in decisions[: -LAST_DECISIONS - 1 : -1]
    )
    return (
        "<h2>Last decisions</h2><table class=plain><thead><tr><th>UTC</th><th>decision</th>"
        f"<th>reason</th></tr></thead><tbody>{rows}</tbody></table>"
    )
