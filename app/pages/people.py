"""The page People: who is enrolled and how well they are recognised; enrol and remove people."""

from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from nicegui import ui

from app.backend import Backend
from app.enrolment import check_picture
from app.pages.camera import add_picture_buttons
from app.pages.layout import attempt, face_html, frame, show_error, trusted_html
from app.pages.progress import run_in_view
from app.person_info import PersonInfo
from faces.data.detection import DetectedFace
from faces.data.enrolment import MAX_PICTURES, MIN_PICTURES, check_name
from faces.reports.png import grey_png


def add_page(backend: Backend) -> None:
    """Register the page.

    Args:
        backend: What it shows.
    """

    @ui.page("/people")
    async def page() -> None:
        with frame("/people"):
            await PeoplePage(backend).build()


class PeoplePage:
    """The page, for one visitor.

    Args:
        backend: The enrolled people.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._faces: list[DetectedFace] = []
        self._name: ui.input
        self._consent: ui.checkbox
        self._pictures: ui.element
        self._people: ui.element

    async def build(self) -> None:
        """Add the form to enrol somebody, and the list of people."""
        trusted_html("<h1>People</h1>")
        with ui.element("section").classes("card").props('aria-label="Enrol somebody"'):
            self._add_form()
        self._people = ui.element("section").classes("card").props('aria-label="Enrolled"')
        await ui.context.client.connected()
        await self._show_people()

    def _add_form(self) -> None:
        trusted_html(
            "<h2>Enrol somebody</h2><p class=soft>Take or choose "
            f"{MIN_PICTURES} to {MAX_PICTURES} pictures of one person: from the front, in even "
            "light, each with a slightly different pose or expression. Each is checked at once; "
            "only the faces are kept.</p>"
        )
        with ui.element("div").classes("row"):
            self._name = ui.input("Name").props("dense outlined autocomplete=off maxlength=60")
            add_picture_buttons("Choose pictures", self._add_picture, multiple=True)
        self._pictures = ui.element("div").classes("row").props('aria-live="polite"')
        self._show_pictures()
        self._consent = ui.checkbox("This person has consented to be recognised")
        with ui.element("div").classes("row"):
            ui.button("Enrol", on_click=self._enrol).props("unelevated no-caps")
            ui.button("Start again", on_click=self._clear).props("flat no-caps")

    async def _add_picture(self, data: bytes) -> None:
        if len(self._faces) >= MAX_PICTURES:
            show_error(f"{MAX_PICTURES} pictures are enough")
            return
        with self._pictures:
            face = await attempt(check_picture, data)
        if face is not None:
            self._faces.append(face)
            self._show_pictures()

    def _show_pictures(self) -> None:
        self._pictures.clear()
        count = len(self._faces)
        with self._pictures:
            for number, face in enumerate(self._faces, start=1):
                trusted_html(face_html(face.image, f"Picture {number}"))
            missing = max(0, MIN_PICTURES - count)
            text = f"{count} pictures" + (f", {missing} more are needed" if missing else "")
            trusted_html(f"<p class=soft role=status>{text}</p>")

    def _clear(self) -> None:
        self._faces = []
        self._name.set_value("")
        self._consent.set_value(False)
        self._show_pictures()

    async def _enrol(self) -> None:
        with self._people:
            name = await attempt(check_name, self._name.value or "")
            if name is None:
                return
            if len(self._faces) < MIN_PICTURES:
                show_error(f"{MIN_PICTURES} pictures are needed, and there are {len(self._faces)}")
                return
            if not self._consent.value:
                show_error("faces are biometric data: enrol only people who have consented")
                return
            if await self._train(name):
                self._clear()
                ui.notify(f"{name} is enrolled: try it on the page Recognise", type="positive")
                await self._show_people()

    async def _train(self, name: str) -> bool:
        """Train and deploy with the new person; if the gate refuses, the reason is shown."""
        with TemporaryDirectory() as folder:
            files = []
            for number, face in enumerate(self._faces):
                files.append(Path(folder) / f"{number}.png")
                files[-1].write_bytes(grey_png(face.image))
            return await run_in_view(f"Enrolling {name}", ["enrol", name, *map(str, files)])

    async def _show_people(self) -> None:
        self._people.clear()
        with self._people:
            people = await attempt(self._backend.people)
            if not people:
                trusted_html("<p>Nobody is enrolled yet.</p>")
                return
            trusted_html(f"<h2>{len(people)} people are enrolled</h2>")
            with ui.element("div").classes("people"):
                for person in people:
                    self._add_person(person)

    def _add_person(self, person: PersonInfo) -> None:
        tested = (
            f"{person.correct} of {person.tested} held-out pictures recognised"
            if person.tested
            else "not tested: too few pictures"
        )
        colour = "warn" if person.correct < person.tested else "soft"
        with ui.element("div").classes("person"):
            trusted_html(face_html(person.image, person.name))
            trusted_html(
                f"<div><strong>{escape(person.name)}</strong><p class=soft>{person.images} pictures"
                f"{_list_conditions(person)}</p><p class={colour}>{tested}</p></div>"
            )
            ui.button("Remove …", on_click=lambda: self._ask_to_remove(person)).props(
                f"flat no-caps dense aria-label='Remove {escape(person.name)}'"
            )

    async def _ask_to_remove(self, person: PersonInfo) -> None:
        with ui.dialog() as dialog, ui.element("div").classes("card"):
            trusted_html(
                f"<h2>Remove {escape(person.name)}?</h2><p>A model without them is trained and "
                "deployed; then all their pictures are erased everywhere. This cannot be "
                "undone.</p>"
            )
            with ui.element("div").classes("row"):
                ui.button("Erase everything", on_click=lambda: dialog.submit(True)).props(
                    "unelevated no-caps"
                )
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
        if not await dialog:
            return
        with self._people:
            words = ["--pipeline", "forget", f"--person={person.name}"]
            if await run_in_view(f"Erasing {person.name}", words):
                await self._show_people()


def _list_conditions(person: PersonInfo) -> str:
    """Return the unusual conditions of the pictures, after a colon; "" if all are usual."""
    return f": {escape(', '.join(person.conditions))}" if person.conditions else ""
