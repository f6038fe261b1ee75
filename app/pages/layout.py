"""What all pages have in common: styles, navigation, pictures and messages."""

import base64
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from nicegui import app as pages_app
from nicegui import run, ui
from numpy.typing import NDArray

from faces.errors import OperationError, UserError
from faces.reports.png import grey_png

STATIC = Path(__file__).parent / "static"
STATIC_URL = "/_nicegui/faces"
PAGES = {
    "/": "Recognise",
    "/people": "People",
    "/review": "Review",
    "/versions": "Versions",
    "/monitor": "Monitor",
}
"""Finished pages, in the order of the navigation."""


def add_assets() -> None:
    """Serve the style sheet and the script of the camera."""
    pages_app.add_static_files(STATIC_URL, STATIC, max_cache_age=0)


@contextmanager
def frame(path: str) -> Iterator[None]:
    """Lay out a page: navigation, then the content of the block.

    Args:
        path: The page's path.
    """
    ui.add_head_html(f'<link rel="stylesheet" href="{STATIC_URL}/style.css">')
    ui.add_head_html(f'<script src="{STATIC_URL}/camera.js" defer></script>')
    ui.page_title(f"{PAGES.get(path, 'Faces')} · Faces")
    links = "".join(
        f'<a href="{target}"{" aria-current=page" if target == path else ""}>{name}</a>'
        for target, name in PAGES.items()
    )
    trusted_html(f'<nav aria-label="Pages"><strong>Faces</strong>{links}</nav>')
    with ui.element("div").classes("content"):
        yield


def trusted_html(content: str, tag: str = "div") -> ui.html:
    """Add HTML whose variable parts are escaped.

    Args:
        content: The HTML.
        tag: The element around it.

    Returns:
        The element.
    """
    return ui.html(content, sanitize=False, tag=tag)


def face_uri(image: NDArray[np.floating]) -> str:
    """Encode a face as a PNG in a data URI.

    Args:
        image: Grey pixels in [0, 1].

    Returns:
        The URI.
    """
    return data_uri(grey_png(image), "image/png")


def data_uri(data: bytes, kind: str) -> str:
    """Encode a file in a data URI.

    Args:
        data: Its content.
        kind: Its media type.

    Returns:
        The URI.
    """
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def face_html(image: NDArray[np.floating], alt: str, caption: str = "") -> str:
    """Return the HTML of a face.

    Args:
        image: Grey pixels in [0, 1].
        alt: What it shows, for people who cannot see it.
        caption: Text below it; "" for none.

    Returns:
        A figure.
    """
    text = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="face"><img src="{face_uri(image)}" alt="{escape(alt)}">{text}</figure>'


def name_input(
    label: str, names: Sequence[str], on_enter: Callable[[str], Awaitable[None]]
) -> ui.input:
    """Add a field for the name of a person, which suggests names.

    Args:
        label: Its label.
        names: The names to suggest.
        on_enter: Called with what was typed, when Enter is pressed.

    Returns:
        The field.
    """
    field = ui.input(label)
    options = "".join(f'<option value="{escape(name)}"></option>' for name in names)
    trusted_html(options, tag="datalist").props(f"id=names-{field.id}")
    field.props(f"dense outlined list=names-{field.id} autocomplete=off").style("min-width: 11rem")
    field.on("keydown.enter", lambda: on_enter(field.value))
    return field


async def attempt(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a thread, and show what the user can fix if it fails.

    Args:
        function: The function.
        *args: Its arguments.

    Returns:
        Its result; None if it failed.
    """
    try:
        return await run.io_bound(function, *args)
    except (UserError, OperationError) as error:
        show_error(str(error))
        return None


def show_error(message: str) -> None:
    """Show a problem in one line, until it is closed.

    Args:
        message: Cause and fix.
    """
    ui.notify(message, type="negative", timeout=0, close_button="Close", multi_line=True)
