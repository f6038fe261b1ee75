"""Two versions side by side on the same held-out images."""

from nicegui import ui

from app.backend import Backend
from app.comparison import VersionComparison
from app.pages.layout import attempt, face_html, trusted_html

MAX_DIFFERENCES = 8


async def show_comparison(backend: Backend, first: int, second: int, place: ui.element) -> None:
    """Show how often two versions are right on the same images, and on which they differ.

    Args:
        backend: The versions.
        first: Number of a version.
        second: Number of another one.
        place: Where to show it, instead of what is there.
    """
    result = await attempt(backend.compare, first, second)
    place.clear()
    if result is None:
        return
    comparison, images = result
    faces = "".join(
        face_html(images[d.row], f"Face of {d.label}", f"{d.label}: {d.first} / {d.second}")
        for d in comparison.differences[:MAX_DIFFERENCES]
        if d.row in images
    )
    with place, ui.element("article").classes("card"):
        trusted_html(_comparison_html(comparison, first, second))
        trusted_html(faces).classes("row")


def _comparison_html(comparison: VersionComparison, first: int, second: int) -> str:
    if not comparison.images:
        return f"<p>Versions {first} and {second} were tested on different images.</p>"
    different = len(comparison.differences)
    return (
        f"<p>On {comparison.images} held-out images that both were tested on, version {first} is "
        f"right {comparison.first_correct} times, and version {second} "
        f"{comparison.second_correct} times. They differ on {different}"
        f"{':' if different else '.'}</p>"
    )
