"""The description of the API (openapi.yaml), as JSON and as a page that needs no other host."""

from base64 import b64encode
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import orjson
import yaml

from faces.runtime.image import PIXELS
from serving.settings import ServerSettings

SHOWN_CHARACTERS = 120
"""Of an example on the page."""

FILE = Path(__file__).with_name("openapi.yaml")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{background:#8882;border-radius:4px;padding:.1em .3em}pre{padding:.6em;overflow:auto}"
    "summary{cursor:pointer}details{margin:.5em 0}:root{color-scheme:light dark}"
)


@cache
def description(settings: ServerSettings) -> bytes:
    """Return the OpenAPI description of a server, as JSON.

    Args:
        settings: The server's settings.
    """
    data: bytes = orjson.dumps(_read(settings))
    return data


@cache
def page(settings: ServerSettings) -> bytes:
    """Return the description as an HTML page.

    Args:
        settings: The server's settings.
    """
    document = _read(settings)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{document['info']['title']}"
        f"</title><style>{STYLE}</style><h1>{document['info']['title']}</h1>"
        f"<p>{escape(document['info']['description'])}</p>"
        "<p><a href=openapi.json>openapi.json</a> for tools.</p>"
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if operation["tags"] == [tag["name"]]:
                    parts.append(_operation(document, f"{method.upper()} {path}", operation))
    return "".join(parts).encode()


def _read(settings: ServerSettings) -> dict[str, Any]:
    text = FILE.read_text()
    text = text.replace("/NAME", f"/{settings.name}")
    text = text.replace("MAX_BODY_BYTES", str(settings.max_body_bytes))
    text = text.replace("EXAMPLE_FACE", b64encode(bytes(PIXELS)).decode())
    text = text.replace("EXAMPLE_PIXELS", str([0] * PIXELS))
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _operation(document: dict[str, Any], title: str, operation: dict[str, Any]) -> str:
    responses = "".join(
        f"<li><code>{code}</code> {escape(_resolve(document, response)['description'])}"
        for code, response in operation["responses"].items()
    )
    return (
        f"<details><summary><code>{escape(title)}</code> {escape(operation['summary'])}</summary>"
        f"{_example(document, operation)}<ul>{responses}</ul></details>"
    )


def _example(document: dict[str, Any], operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    content = _resolve(document, operation["requestBody"])["content"]
    schema = _resolve(document, next(iter(content.values()))["schema"])
    text = orjson.dumps(schema.get("example")).decode()
    if len(text) > SHOWN_CHARACTERS:
        text = f"{text[:SHOWN_CHARACTERS]} …"
    return f"<p>{', '.join(content)}</p><pre>{escape(text)}</pre>"


def _resolve(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    target: Any = value
    if "$ref" in value:
        target = document
        for key in value["$ref"].removeprefix("#/").split("/"):
            target = target[key]
    resolved: dict[str, Any] = target
    return resolved
