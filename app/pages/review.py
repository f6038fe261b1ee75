"""The page Review: what waits for a person, one face at a time, operated by keyboard."""

from html import escape

import numpy as np
from nicegui import events, run, ui
from numpy.typing import NDArray

from app.backend import Backend
from app.gallery import Gallery
from app.labelling import FaceToLabel
from app.names import complete_name
from app.pages.comparison import show_comparison
from app.pages.layout import attempt, face_html, frame, name_input, trusted_html
from app.pages.progress import run_in_view
from components.deployers.endpoint import Endpoint
from faces.client import send_feedback
from faces.runtime.portable import UNKNOWN
from store.approvals import APPROVED, REJECTED, Approval
from store.label_reviews import QuarantinedFace

Item = QuarantinedFace | FaceToLabel
EXAMPLES = 3
"""Enrolled images of the suggested person that are shown beside a face."""


def add_page(backend: Backend) -> None:
    """Register the page.

    Args:
        backend: What it shows.
    """

    @ui.page("/review")
    async def page() -> None:
        with frame("/review"):
            await ReviewPage(backend).build()


class ReviewPage:
    """The page, for one visitor.

    Args:
        backend: Approvals, quarantined labels, captured faces and enrolled images.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._items: list[Item] = []
        self._images: dict[str, NDArray[np.float32]] = {}
        self._gallery: Gallery | None = None
        self._endpoint: Endpoint | None = None
        self._done = 0
        self._card: ui.element
        self._approvals: ui.element

    async def build(self) -> None:
        """Add the runs that wait, and the first face."""
        trusted_html("<h1>What waits for you</h1>")
        self._approvals = ui.element("section").props('aria-label="Approvals"')
        self._card = ui.element("section").props('aria-label="Labels" aria-live="polite"')
        with self._card:
            trusted_html("<p class=soft>Reading what was captured …</p>")
        ui.keyboard(on_key=self._key)
        await ui.context.client.connected()
        await self._load()

    async def _load(self) -> None:
        with self._card:
            self._endpoint = await attempt(self._backend.endpoint)
            loaded = await attempt(self._read) if self._endpoint else None
        if loaded is None:
            self._card.clear()
            return
        waiting, self._items, self._images, self._gallery = loaded
        self._show_approvals(waiting)
        self._show_next()

    def _read(
        self,
    ) -> tuple[list[Approval], list[Item], dict[str, NDArray[np.float32]], Gallery | None]:
        assert self._endpoint is not None
        quarantined = self._backend.quarantined()
        images = self._backend.quarantined_images(quarantined)
        items: list[Item] = [face for face in quarantined if face.id in images]
        items += self._backend.faces_to_label()
        gallery = self._backend.gallery(self._endpoint.version)
        return self._backend.approvals(), items, images, gallery

    def _show_approvals(self, waiting: list[Approval]) -> None:
        self._approvals.clear()
        with self._approvals:
            for approval in waiting:
                self._add_approval(approval)

    def _add_approval(self, approval: Approval) -> None:
        compared = (
            f"compared with version {approval.compared_with}"
            if approval.compared_with
            else "no version is in production"
        )
        with ui.element("article").classes("card"):
            trusted_html(
                f"<h2>Version {approval.version} waits for an approval</h2>"
                f"<p>{escape(approval.question)}</p>"
                f"<p class=soft>{compared}; until {approval.expires:%Y-%m-%d %H:%M} UTC; "
                f"run {escape(approval.run)}</p>"
            )
            with ui.element("div").classes("row"):
                for text, option in (("Approve and deploy", "--approve"), ("Reject", "--reject")):
                    button = ui.button(text).props("outline no-caps")
                    button.on_click(lambda _, o=option: self._answer(approval, o))
                if approval.compared_with:
                    ui.button("Compare with production", on_click=lambda: compare()).props(
                        "flat no-caps"
                    )
            place = ui.element("div")

        async def compare() -> None:
            if approval.compared_with:
                await show_comparison(
                    self._backend, approval.version, approval.compared_with, place
                )

    async def _answer(self, approval: Approval, option: str) -> None:
        with self._approvals:
            await run_in_view(f"Version {approval.version}", ["review", option, approval.run])
        self._show_approvals(await run.io_bound(self._backend.approvals) or [])

    def _show_next(self) -> None:
        self._card.clear()
        with self._card:
            left = len(self._items)
            text = f"{self._done} done, {left} left" if left else f"{self._done} done, nothing left"
            trusted_html(f"<p class=soft role=status>{text}</p>")
            if not self._items:
                trusted_html("<p>No face needs a label.</p>")
                return
            item = self._items[0]
            with ui.element("article").classes("card"):
                if isinstance(item, QuarantinedFace):
                    self._show_quarantined(item)
                else:
                    self._show_unlabelled(item)

    def _show_quarantined(self, face: QuarantinedFace) -> None:
        sender = f" by {escape(face.sender)}" if face.sender else ""
        reason = escape(face.quarantined.reason.replace("_", " "))
        trusted_html(f"<h2>Is this {escape(face.label)}?</h2>")
        trusted_html(self._faces(self._images[face.id], face.label)).classes("row large")
        trusted_html(
            f"<p class=soft>Labelled {escape(face.label)}{sender}, answered as "
            f"{escape(face.predicted)}; quarantined: {reason}.</p>"
        )
        with ui.element("div").classes("row"):
            for key, text in (("A", "Approve"), ("R", "Reject"), ("S", "Skip")):
                button = ui.button(text, on_click=lambda _, k=key: self._decide(k))
                button.props("outline no-caps")
        trusted_html("<p class=soft>Keys: <kbd>A</kbd> <kbd>R</kbd> <kbd>S</kbd></p>")

    def _show_unlabelled(self, face: FaceToLabel) -> None:
        suggestion = self._suggest(face)
        answered = (
            "not recognised"
            if face.predicted == UNKNOWN
            else f"answered as {escape(face.predicted)}, {face.confidence:.0%} sure"
        )
        trusted_html("<h2>Who is this?</h2>")
        trusted_html(self._faces(face.image, suggestion)).classes("row large")
        trusted_html(f"<p class=soft>{answered}, {face.time:%Y-%m-%d %H:%M} UTC</p>")

        async def enter(typed: str) -> None:
            await self._label(face, typed or suggestion)

        with ui.element("div").classes("row"):
            names = self._gallery.enrolled.identities if self._gallery else []
            field = name_input("Name", names, enter)
            field.props(f'autofocus placeholder="{escape(suggestion)}" stack-label')
            ui.button("Label", on_click=lambda: enter(field.value)).props("unelevated no-caps")
            ui.button("Skip", on_click=self._skip).props("flat no-caps")
        field.on("keydown.esc", self._skip)
        trusted_html(
            f"<p class=soft><kbd>Enter</kbd> for {escape(suggestion) or 'the name'}, or type the "
            "beginning of another name; <kbd>Esc</kbd> skips</p>"
        )

    def _suggest(self, face: FaceToLabel) -> str:
        if face.predicted != UNKNOWN:
            return face.predicted
        return self._gallery.most_similar(face.image, 1)[0].person if self._gallery else ""

    def _faces(self, image: NDArray[np.float32], person: str) -> str:
        """Return a face, and enrolled images of the person that it may show."""
        html = face_html(image, "The face", "this face")
        if self._gallery is not None:
            enrolled = self._gallery.enrolled
            for row in np.flatnonzero(enrolled.labels == person)[:EXAMPLES]:
                html += face_html(enrolled.images[row], f"{person}, enrolled", person)
        return html

    async def _label(self, face: FaceToLabel, typed: str) -> None:
        if not self._items or self._items[0] is not face or self._endpoint is None:
            return
        names = self._gallery.enrolled.identities if self._gallery else [typed]
        with self._card:
            label = await attempt(complete_name, typed, names)
            if label and await attempt(_send, self._endpoint, face.request, label):
                self._finish()

    async def _decide(self, key: str) -> None:
        item = self._items[0] if self._items else None
        if not isinstance(item, QuarantinedFace):
            return
        if key == "S":
            self._skip()
            return
        answer = APPROVED if key == "A" else REJECTED
        with self._card:
            if await attempt(self._review, item.id, answer):
                self._finish()

    def _review(self, label: str, answer: str) -> bool:
        self._backend.review(label, answer)
        return True

    def _finish(self) -> None:
        self._done += 1
        self._skip()

    def _skip(self) -> None:
        self._items = self._items[1:]
        self._show_next()

    async def _key(self, event: events.KeyEventArguments) -> None:
        """Decide by key; the library ignores keys that are pressed in a field."""
        key = str(event.key).upper()
        if event.action.keydown and not event.action.repeat and key in {"A", "R", "S"}:
            await self._decide(key)


def _send(endpoint: Endpoint, request: str, label: str) -> bool:
    headers = endpoint.require_feedback_headers()
    send_feedback(endpoint.url, request, [label], headers=headers)
    return True
