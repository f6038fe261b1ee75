"""The page Recognise: who is in this picture?"""

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
from nicegui import run, ui

from app.backend import Backend
from app.gallery import Gallery
from app.names import complete_name
from app.pages.camera import add_picture_buttons
from app.pages.contributions import contributions_html
from app.pages.layout import (
    attempt,
    data_uri,
    face_html,
    face_uri,
    frame,
    name_input,
    trusted_html,
)
from app.recognition import RecognisedFace, recognise
from components.deployers.endpoint import Endpoint
from faces.client import send_feedback
from faces.data.image_decoder import ImageRefused, Preview, make_preview
from faces.data.photos import ENTIRE
from faces.errors import OperationError, UserError

SAMPLES = 8
SMALL = 256
"""Pictures whose sides are shorter are not enlarged to the width of the page."""

FOR_PHOTOS = "fisher"
"""The recogniser that loses no accuracy on the crops of the detector: docs/recognition.md."""

NO_FACE = (
    "No face was found. Look towards the camera, upright and in good light, with a face that fills "
    "at least a twentieth of the picture's width."
)


OTHER_MODEL = (
    f"For photos, use the model {FOR_PHOTOS}: this one is less accurate if a face is not cropped "
    f"exactly like those that it learned. <code>python run.py --pipeline training --model "
    f"{FOR_PHOTOS}</code>, then deploy."
)


def add_page(backend: Backend) -> None:
    """Register the page.

    Args:
        backend: What it shows.
    """

    @ui.page("/")
    async def page() -> None:
        with frame("/"):
            await RecognisePage(backend).build()


class RecognisePage:
    """The page, for one visitor.

    Args:
        backend: Endpoint and enrolled images.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._result: ui.element

    async def build(self) -> None:
        """Add the controls, the samples and the place for results."""
        trusted_html("<h1>Who is in the picture?</h1>")
        trusted_html(
            "<p class=soft>Every face is found, compared with the enrolled people, and named or "
            "called unknown. Pictures are not stored; the endpoint keeps the faces in them to "
            "detect drift, until they expire.</p>"
        )
        with ui.element("div").classes("row"):
            add_picture_buttons("Choose a photo", self._show)
        samples = ui.element("section").props('aria-label="Samples"')
        self._result = ui.element("section").props('aria-live="polite" aria-label="Result"')
        await ui.context.client.connected()
        with samples:
            waiting = trusted_html("<p class=soft role=status>Loading samples …</p>")
            await self._add_samples()
            waiting.delete()

    async def _add_samples(self) -> None:
        gallery = await attempt(self._load_gallery)
        if gallery is None or not len(gallery.samples):
            return
        trusted_html("<p class=soft>Or try a held-out picture of an enrolled person:</p>")
        rows = np.linspace(0, len(gallery.samples) - 1, SAMPLES).round().astype(int)
        with ui.element("div").classes("row"):
            for row in dict.fromkeys(int(row) for row in rows):
                self._add_sample(gallery, row)

    def _add_sample(self, gallery: Gallery, row: int) -> None:
        image, name = gallery.samples.images[row], str(gallery.samples.labels[row])
        uri = face_uri(image)
        button = (
            ui.element("button").classes("sample").props(f'aria-label="Sample of {escape(name)}"')
        )
        with button:
            trusted_html(f'<img src="{uri}" alt="" title="{escape(name)}">')
        button.on("click", lambda: self._show(base64.b64decode(uri.partition(",")[2])))

    def _load_gallery(self) -> Gallery | None:
        return self._backend.gallery(self._backend.endpoint().version)

    async def _show(self, data: bytes) -> None:
        """Recognise a picture, and show it with its faces."""
        self._result.clear()
        with self._result:
            with ui.element("div").classes("row"):
                ui.spinner(size="2rem")
                trusted_html("<p role=status>Recognising …</p>")
            try:
                result = await run.io_bound(self._recognise, data)
            except ImageRefused as error:
                self._fail(f"The picture {error}.")
                return
            except (UserError, OperationError) as error:
                self._fail(f"{error}.")
                return
            self._result.clear()
            if result is None:  # the app is stopping
                return
            preview, faces, gallery = result
            if not faces:
                trusted_html(f"<p class=warn>{NO_FACE}</p>")
            elif gallery is not None and needs_other_model(faces, gallery.recogniser):
                trusted_html(f"<p class=warn>{OTHER_MODEL}</p>")
            with ui.element("div").classes("split"):
                trusted_html(_photo_html(preview, faces))
                with ui.element("div").classes("row").style("align-content: start"):
                    for face in faces:
                        self._add_face(face, gallery)

    def _fail(self, message: str) -> None:
        self._result.clear()
        trusted_html(f"<p class=bad role=alert>{escape(message)}</p>")

    def _recognise(self, data: bytes) -> tuple[Preview, list[RecognisedFace], Gallery | None]:
        preview, endpoint = make_preview(data), self._backend.endpoint()
        gallery = self._backend.gallery(endpoint.version)
        return preview, recognise(data, endpoint, gallery), gallery

    def _add_face(self, face: RecognisedFace, gallery: Gallery | None) -> None:
        with ui.element("article").classes("card"):
            trusted_html(_face_summary(face))
            if gallery is not None and face.similar:
                trusted_html("<p class=soft>Most similar enrolled pictures:</p>")
                trusted_html(_similar_html(face, gallery)).classes("row")
                trusted_html(contributions_html(face))
            with ui.element("div").classes("row") as feedback:
                self._add_feedback(face, feedback)

    def _add_feedback(self, face: RecognisedFace, place: ui.element) -> None:
        async def send(typed: str) -> None:
            label = await attempt(complete_name, typed, face.classes)
            endpoint: Endpoint | None = await attempt(self._backend.endpoint) if label else None
            if endpoint and await attempt(_send_label, endpoint, face.request, label):
                place.clear()
                with place:
                    trusted_html(f"<p class=good role=status>Recorded as {escape(label)}.</p>")

        if not face.is_unknown:
            ui.button(f"Yes, {face.name}", on_click=lambda: send(face.name)).props(
                "outline no-caps dense padding='xs sm'"
            )
        name_input("This is …" if face.is_unknown else "No, this is …", face.classes, send)


def needs_other_model(faces: Sequence[RecognisedFace], recogniser: str) -> bool:
    """Return whether another recogniser would be more accurate on a picture.

    Args:
        faces: The faces in it.
        recogniser: Name of the present one; "" if unknown.
    """
    was_searched = any(face.place.votes != ENTIRE for face in faces)
    return was_searched and bool(recogniser) and recogniser != FOR_PHOTOS


def _send_label(endpoint: Endpoint, request: str, label: str) -> bool:
    headers = endpoint.require_feedback_headers()
    send_feedback(endpoint.url, request, [label], headers=headers)
    return True


def _face_summary(face: RecognisedFace) -> str:
    """Return the crop, the name, and how sure the model is."""
    name = "Unknown" if face.is_unknown else face.name
    sure = face.reason or f"{face.confidence:.0%} sure"
    problems = "".join(f"<p class=warn>{escape(p.capitalize())}.</p>" for p in face.place.problems)
    return (
        f'<div class="row large">{face_html(face.place.image, f"Face of {name}")}'
        f"<div><h2>{escape(name)}</h2><p class=soft>{sure}, by version {escape(face.version)}</p>"
        f"{problems}</div></div>"
    )


def _similar_html(face: RecognisedFace, gallery: Gallery) -> str:
    return "".join(
        face_html(
            gallery.enrolled.images[similar.row],
            f"{similar.person}, enrolled",
            f"{similar.person}, {similar.similarity:.2f}",
        )
        for similar in face.similar
    )


def _photo_html(preview: Preview, faces: list[RecognisedFace]) -> str:
    """Return the picture with a box and a name for each face."""
    names = ", ".join(face.name for face in faces) or "no face"
    size = max(preview.width, preview.height) / 28
    boxes = "".join(_box_svg(face, size) for face in faces)
    uri = data_uri(preview.jpeg, "image/jpeg")
    kind = "photo small" if max(preview.width, preview.height) < SMALL else "photo"
    return (
        f'<figure class="{kind}"><img src="{uri}" alt="The picture, with {escape(names)}">'
        f'<svg viewBox="0 0 {preview.width} {preview.height}" aria-hidden="true">{boxes}</svg>'
        "</figure>"
    )


def _box_svg(face: RecognisedFace, size: float) -> str:
    place = face.place
    half, kind = place.side / 2, "unknown" if face.is_unknown else "known"
    label_y = max(place.y - half - size / 3, size)
    return (
        f'<rect class="{kind}" x="{place.x - half:.1f}" y="{place.y - half:.1f}" '
        f'rx="{size / 4:.1f}" width="{place.side:.1f}" height="{place.side:.1f}" '
        'vector-effect="non-scaling-stroke" '
        f'transform="rotate({place.tilt:.1f} {place.x:.1f} {place.y:.1f})"/>'
        f'<text x="{place.x:.1f}" y="{label_y:.1f}" font-size="{size:.1f}" text-anchor="middle">'
        f"{escape(face.name)}</text>"
    )
