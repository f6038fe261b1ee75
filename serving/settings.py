"""What a server is told, and how its folder is laid out. Standard library only: others read it too.

A server's folder holds `server.json` (its settings), `models/` (one file a version), `current.json`
(which of them is served) and `captured/` (what is kept of requests).
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

MAX_ROTATE_SECONDS = 86_400
"""Seconds for which a file of captured requests may be written to."""

TOKEN = "FACES_TOKEN"
"""The environment variable with the bearer token, if clients must send one."""


@dataclass(frozen=True)
class ServerSettings:
    """Everything that a server is told but the model, which may change while it runs."""

    name: str
    folder: str
    host: str = "127.0.0.1"
    port: int = 9000
    workers: int = 1
    token_secret: str = ""
    """Where whoever starts the server finds the bearer token; the server itself gets the token."""
    max_body_bytes: int = 8_000_000
    request_timeout_seconds: int = 60
    """What a client may take for a request, or leave its connection idle."""
    capture: bool = True
    capture_uri: str = ""
    """A folder or a URI such as gs://bucket/folder; '' is `captured` in the server's folder."""
    retention_days: float = 30
    rotate_bytes: int = 64_000_000
    rotate_seconds: float = 3600
    replicas: int = 1
    """Servers behind the same address. Feedback may come to another than the one that answered."""

    @property
    def remote(self) -> bool:
        """Whether closed files of captured requests are moved to another place."""
        return "://" in self.capture_uri

    @property
    def capture_folder(self) -> Path:
        """Where captured requests are written first, and stay unless the place is remote."""
        local = "" if self.remote else self.capture_uri
        return Path(local).expanduser() if local else Path(self.folder) / "captured"

    @property
    def url(self) -> str:
        """The server's address."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{host}:{self.port}"


def settings_file(folder: Path) -> Path:
    """Where a server's settings are."""
    return folder / "server.json"


def read_settings(folder: Path) -> ServerSettings:
    """Read what `write_settings` wrote."""
    return ServerSettings(**json.loads(settings_file(folder).read_text()))


def write_settings(settings: ServerSettings) -> None:
    """Keep a server's settings in its folder."""
    folder = Path(settings.folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic_write(settings_file(folder), json.dumps(asdict(settings), indent=2).encode())


def current_file(folder: Path) -> Path:
    """The file that says which model is served. Replacing it is what changes the model."""
    return folder / "current.json"


def read_current(folder: Path) -> dict[str, str] | None:
    """What is served: `version`, `file` and `hash`; None before the first model."""
    try:
        current: dict[str, str] = json.loads(current_file(folder).read_bytes())
    except FileNotFoundError:
        return None
    return current


def install_model(folder: Path, version: str, model: bytes, hash_: str) -> None:
    """Put a model into a server's folder and let the server turn to it, at its next request."""
    file = folder / "models" / f"{version}-{hash_[:12]}.npz"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic_write(file, model)
    activate_model(folder, {"version": version, "file": f"models/{file.name}", "hash": hash_})


def activate_model(folder: Path, current: dict[str, str]) -> None:
    """Let the server turn to a model that is in its folder already."""
    atomic_write(current_file(folder), json.dumps(current).encode())


def atomic_write(file: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, readable by its owner alone."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
    os.replace(part, file)
