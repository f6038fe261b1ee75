"""The page Versions: what each was trained on, how good it is, and which one is live."""

from html import escape

from nicegui import ui

from app.backend import Backend
from app.pages.comparison import show_comparison
from app.pages.layout import attempt, frame, trusted_html
from app.pages.progress import run_in_view
from app.version_info import VersionInfo

PRODUCTION = "production"


def add_page(backend: Backend) -> None:
    """Register the page, and the model cards.

    Args:
        backend: What it shows.
    """

    @ui.page("/versions")
    async def page() -> None:
        with frame("/versions"):
            await VersionsPage(backend).build()


class VersionsPage:
    """The page, for one visitor.

    Args:
        backend: The versions.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._versions: list[VersionInfo] = []
        self._list: ui.element
        self._comparison: ui.element

    async def build(self) -> None:
        """Add the comparison and a card for each version."""
        trusted_html("<h1>Model versions</h1>")
        self._list = ui.element("section").props('aria-label="Versions"').classes("stack")
        await ui.context.client.connected()
        await self._load()

    async def _load(self) -> None:
        self._list.clear()
        with self._list:
            self._versions = await attempt(self._backend.versions) or []
            if not self._versions:
                trusted_html("<p>No model has been trained yet: <code>make run</code></p>")
                return
            if len(self._versions) > 1:
                self._add_comparison()
            for version in self._versions:
                self._add_version(version)

    def _add_version(self, version: VersionInfo) -> None:
        with ui.element("article").classes("card"):
            trusted_html(_version_html(version))
            with ui.element("div").classes("row"):
                if not (version.live and version.stage == PRODUCTION):
                    ui.button(
                        "Put into production …", on_click=lambda: self._ask_to_promote(version)
                    ).props("outline no-caps")
                if version.live:
                    ui.button(
                        "Roll back …", on_click=lambda: self._ask_to_roll_back(version)
                    ).props("outline no-caps")
                trusted_html(
                    f'<a href="/versions/{version.number}/card" target="_blank">Model card</a>'
                )

    async def _ask_to_promote(self, version: VersionInfo) -> None:
        warning = (
            f"<p class=warn>It was rolled back: {escape(version.rolled_back)}</p>"
            if version.rolled_back
            else f"<p class=soft>The gate: {escape(version.gate)}</p>"
        )
        with ui.dialog() as dialog, ui.element("div").classes("card"):
            trusted_html(f"<h2>Put version {version.number} into production?</h2>{warning}")
            trusted_html("<p>It is deployed at once, and verified. No request fails.</p>")
            with ui.element("div").classes("row"):
                ui.button("Deploy it", on_click=lambda: dialog.submit(True)).props(
                    "unelevated no-caps"
                )
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
        if await dialog and await attempt(self._promote, version.number):
            await run_in_view(f"Deploying version {version.number}", ["--pipeline", "deployment"])
            await self._load()

    def _promote(self, number: int) -> bool:
        self._backend.promote(number)
        return True

    async def _ask_to_roll_back(self, version: VersionInfo) -> None:
        with ui.dialog() as dialog, ui.element("div").classes("card"):
            trusted_html(
                f"<h2>Roll back version {version.number}?</h2>"
                "<p>The version that was live before it is deployed, and the gate never promotes "
                f"version {version.number} again. Name nobody in the reason: it is recorded.</p>"
            )
            reason = ui.input("Reason").props("autofocus outlined dense")
            with ui.element("div").classes("row"):
                ui.button("Roll back", on_click=lambda: dialog.submit(reason.value)).props(
                    "unelevated no-caps"
                ).bind_enabled_from(reason, "value", backward=lambda text: bool(text.strip()))
                ui.button("Cancel", on_click=lambda: dialog.submit("")).props("flat no-caps")
        text = await dialog
        if text:
            words = ["--pipeline", "rollback", f"--reason={text.strip()}"]
            await run_in_view(f"Rolling back version {version.number}", words)
            await self._load()

    def _add_comparison(self) -> None:
        numbers = [version.number for version in self._versions]
        options = {number: f"version {number}" for number in numbers}
        with ui.element("div").classes("row"):
            first = ui.select(options, value=numbers[0], label="Compare").props("dense outlined")
            second = ui.select(options, value=numbers[1], label="with").props("dense outlined")
            button = ui.button("Compare on the same images").props("outline no-caps")
        self._comparison = ui.element("div").props('aria-live="polite"')
        button.on_click(lambda: self._compare(first.value, second.value))

    async def _compare(self, first: int, second: int) -> None:
        await show_comparison(self._backend, first, second, self._comparison)


def _version_html(version: VersionInfo) -> str:
    badges = ""
    if version.live:
        badges += ' <span class="badge good">live</span>'
    if version.stage == PRODUCTION:
        badges += ' <span class="badge good">in production</span>'
    if version.rolled_back:
        badges += ' <span class="badge warn">rolled back</span>'
    rows = {
        "Accuracy": _accuracy(version),
        "Drifted images": "none"
        if version.drifted_accuracy is None
        else f"{version.drifted_accuracy:.1%}",
        "Model": f"{version.model}, {version.people} people",
        "Data": f"{version.data}; trained on {version.condition}",
        "Gate": version.gate,
        **({"Rolled back": version.rolled_back} if version.rolled_back else {}),
        "Registered": f"{version.created.replace('T', ' ')[:16]} UTC",
    }
    cells = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())
    return f'<h2>Version {version.number}{badges}</h2><dl class="facts">{cells}</dl>'


def _accuracy(version: VersionInfo) -> str:
    if version.accuracy is None:
        return "unknown"
    if version.accuracy_low is None or version.accuracy_high is None:
        return f"{version.accuracy:.1%}"
    interval = f"{version.accuracy_low:.1%} to {version.accuracy_high:.1%}"
    return f"{version.accuracy:.1%} (95 % interval {interval})"
