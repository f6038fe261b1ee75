"""HTML reports: self-contained pages without scripts, as dashboards show them."""

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **values: object) -> str:
    """Render a template of this package.

    Args:
        template: File name in `templates/`.
        **values: The template's variables; all text is escaped.

    Returns:
        The HTML page.
    """
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(**values)


def embed(png: bytes, alt: str) -> Markup:
    """Embed a PNG image in a page.

    Args:
        png: The bytes of the image.
        alt: Alternative text.

    Returns:
        An `img` element with a data URI.
    """
    address = "data:image/png;base64," + b64encode(png).decode()
    return Markup('<img src="{}" alt="{}">').format(address, alt)
