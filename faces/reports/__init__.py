"""Pages for people: self-contained HTML without cli, which dashboards show as they are."""

from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **values: Any) -> str:
    """Fill a template of this folder. Whatever comes from data is escaped."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(**values)


def embed(png: bytes, about: str) -> Markup:
    """A PNG picture as part of the page, and what it shows for who cannot see it."""
    address = "data:image/png;base64," + b64encode(png).decode()
    return Markup('<img src="{}" alt="{}">').format(address, about)
