"""Put service, pages and checks together, and serve them."""

import webbrowser
from pathlib import Path
from threading import Thread, Timer

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api import add_error_handlers, cards, router
from app.backend import Backend
from app.security import LOOPBACK_NAMES, Guard
from faces import NAME
from faces.errors import UserError

OPEN_AFTER_SECONDS = 1.0


def create_service(backend: Backend) -> FastAPI:
    """Create the service without pages and checks.

    Args:
        backend: What it answers from.

    Returns:
        The service. FastAPI's own pages about it are off, since they load scripts from elsewhere.
    """
    app = FastAPI(
        title=NAME, description="Recognises faces in photos.", docs_url=None, redoc_url=None
    )
    app.state.backend = backend
    app.include_router(router)
    app.include_router(cards)
    add_error_handlers(app)
    return app


def create_app(backend: Backend) -> ASGIApp:
    """Create the app, to be put behind `Guard`. The library of the pages allows one in a process.

    Args:
        backend: What it shows.

    Returns:
        The app.
    """
    from nicegui import ui

    from app.pages import add_pages

    app = create_service(backend)
    add_pages(backend, app)
    ui.run_with(app, title="Faces", dark=None, language="en-US", show_welcome_message=False)
    return app


def check_host(host: str, token: str | None) -> None:
    """Refuse to listen on other addresses than loopback without a token.

    Args:
        host: The address to listen on.
        token: The token; None if there is none.

    Raises:
        UserError: If other machines could connect without a token.
    """
    if token is None and host not in LOOPBACK_NAMES:
        raise UserError(
            f"--host {host}: other machines could see the faces: add --token-file FILE, and put a "
            "proxy with TLS before it"
        )


def read_token(file: Path | None) -> str | None:
    """Read the token that clients must send.

    Args:
        file: A file with the token; None for no token.

    Returns:
        The token; None if there is no file.

    Raises:
        UserError: If the file cannot be read, or the token is shorter than 16 characters.
    """
    if file is None:
        return None
    try:
        token = file.read_text().strip()
    except OSError as error:
        raise UserError(f"--token-file {file} cannot be read: {error.strerror}") from error
    if len(token) < MIN_TOKEN:
        raise UserError(f"--token-file {file}: a token has at least {MIN_TOKEN} characters")
    return token


MIN_TOKEN = 16


def serve(host: str, port: int, token: str | None, open_browser: bool) -> None:
    """Serve the app until Ctrl-C.

    Args:
        host: Address to listen on.
        port: TCP port.
        token: The token that clients must send; None for none.
        open_browser: Whether to open it in a browser.
    """
    import uvicorn

    backend = Backend()
    Thread(target=backend.load_ahead, daemon=True).start()
    url = f"http://{host}:{port}"
    print(f"{url}  (Ctrl-C stops it; {url}/docs describes the service)", flush=True)
    if open_browser:
        Timer(OPEN_AFTER_SECONDS, webbrowser.open, [url]).start()
    app = Guard(create_app(backend), token)
    uvicorn.run(app, host=host, port=port, log_level="warning")
