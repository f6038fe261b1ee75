"""The page that describes the service. FastAPI's own would load scripts from another host."""

from html import escape

from fastapi import FastAPI
from nicegui import ui

from app.pages.layout import frame, trusted_html


def add_page(service: FastAPI) -> None:
    """Register the page.

    Args:
        service: The service that it describes.
    """

    @ui.page("/docs")
    def page() -> None:
        with frame("/docs"):
            trusted_html("<h1>The service</h1>")
            trusted_html(
                '<p class=soft>OpenAPI: <a href="/openapi.json">/openapi.json</a>. Errors are '
                '<code>{"error": "…"}</code>.</p>'
            )
            trusted_html(f"<pre><code>{EXAMPLE}</code></pre>")
            rows = "".join(
                f"<tr><td>{method}</td><td><code>{escape(path)}</code></td>"
                f"<td>{escape(summary)}</td></tr>"
                for method, path, summary in operations(service)
            )
            trusted_html(f'<table class="plain"><tbody>{rows}</tbody></table>')


EXAMPLE = escape("curl -F file=@photo.jpg http://127.0.0.1:8080/api/recognise")


def operations(app: FastAPI) -> list[tuple[str, str, str]]:
    """List the operations of the service.

    Args:
        app: The service.

    Returns:
        Method, path and summary of each.
    """
    paths = app.openapi()["paths"]
    return [
        (method.upper(), path, str(operation["summary"]))
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
