"""Settings of a server, and the layout of its folder. Standard library only.

A server's folder holds `server.json` (its settings), `models/` (one file per version),
`current.json` (which of them is served), `candidate.json` (which one answers beside it, if any) and
`captured/` (captured requests).
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

MAX_ROTATE_SECONDS = 86_400
"""The longest time that a capture file may be written to."""


@dataclass(frozen=True)
class ServerSettings:
    """Settings of a server, except for the model, which may change while it runs.

    Defaults are in components/deployers/settings.py.
    """

    name: str
    folder: str
    host: str
    port: int
    workers: int
    token_secret: str
    """The ZenML secret with the bearer tokens. The server itself receives the tokens, not this."""
    max_body_bytes: int
    request_timeout_seconds: int
    """How long a client may take for a request, or leave its connection idle."""
    capture: bool
    capture_uri: str
    """A folder, or a URI such as gs://bucket/folder; '' is `captured` in the server's folder."""
    retention_days: float
    rotate_bytes: int
    rotate_seconds: float
    replicas: int
    """The number of servers behind the same address."""
    # Servers that were deployed before lack these settings.
    max_capture_bytes: int = 10_000_000_000
    """Size of all captured requests on this machine."""
    sampling_rate: float = 1.0
    """The share of requests that is captured."""
    access_log: bool = False
    requests_per_second: float = 0.0
    """Predictions and feedback that each client may send to each worker; 0 for no limit."""
    log_format: str = "text"
    public_key: str = ""
    """Only models whose statements are signed with this key are served; "" for all."""

    @property
    def remote(self) -> bool:
        """Whether closed capture files are uploaded."""
        return "://" in self.capture_uri

    @property
    def capture_folder(self) -> Path:
        """Where capture files are written; they stay there unless they are uploaded."""
        local = "" if self.remote else self.capture_uri
        return Path(local).expanduser() if local else Path(self.folder) / "captured"

    @property
    def address(self) -> str:
        """Host and port to listen on, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The server's address for clients on the same machine."""
        loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{replace(self, host=loopback).address}"


def settings_file(folder: Path) -> Path:
    """Return the path of a server's settings.

    Args:
        folder: The server's folder.
    """
    return folder / "server.json"


def log_file(folder: Path) -> Path:
    """Return the path of a server's log.

    Args:
        folder: The server's folder.
    """
    return folder / "server.log"


def read_settings(folder: Path) -> ServerSettings:
    """Read the settings that `write_settings` wrote.

    Args:
        folder: The server's folder.

    Returns:
        Its settings.

    Raises:
        FileNotFoundError: If there are none.
    """
    return ServerSettings(**json.loads(settings_file(folder).read_text()))


def write_settings(settings: ServerSettings) -> None:
    """Write a server's settings to its folder.

    Args:
        settings: The settings; they name the folder, which is created.
    """
    folder = Path(settings.folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic_write(settings_file(folder), json.dumps(asdict(settings), indent=2).encode())


def current_file(folder: Path) -> Path:
    """Return the path of the file that names the served model; replacing it changes the model.

    Args:
        folder: The server's folder.
    """
    return folder / "current.json"


def read_current(folder: Path) -> dict[str, str] | None:
    """Read which model is served.

    Args:
        folder: The server's folder.

    Returns:
        `version`, `file` and `hash`; None if no model was installed yet.
    """
    try:
        current: dict[str, str] = json.loads(current_file(folder).read_bytes())
    except FileNotFoundError:
        return None
    return current


def candidate_file(folder: Path) -> Path:
    """Return the path of the file that names the candidate, if there is one.

    Args:
        folder: The server's folder.
    """
    return folder / "candidate.json"


def install_model(
    folder: Path, version: str, data: bytes, model_hash: str, statements: str = ""
) -> None:
    """Copy a model into a server's folder and activate it.

    Args:
        folder: The server's folder.
        version: The model's version.
        data: The bytes of its file.
        model_hash: Their hash, which the server checks.
        statements: Signed statements about the model, one per line; "" for none.
    """
    activate_model(folder, copy_model(folder, version, data, model_hash, statements))


def install_candidate(
    folder: Path, version: str, data: bytes, model_hash: str, share: float, statements: str = ""
) -> None:
    """Copy a model into a server's folder, and let it answer beside the served one.

    Args:
        folder: The server's folder.
        version: The model's version.
        data: The bytes of its file.
        model_hash: Their hash, which the server checks.
        share: Share of the requests to which its answer is sent.
        statements: Signed statements about the model, one per line; "" for none.
    """
    content = {**copy_model(folder, version, data, model_hash, statements), "share": share}
    atomic_write(candidate_file(folder), json.dumps(content).encode())


def read_candidate(folder: Path) -> str | None:
    """Read which version answers beside the served one.

    Args:
        folder: The server's folder.

    Returns:
        Its number; None if there is none.
    """
    try:
        return str(json.loads(candidate_file(folder).read_bytes())["version"])
    except FileNotFoundError:
        return None


def copy_model(
    folder: Path, version: str, data: bytes, model_hash: str, statements: str = ""
) -> dict[str, str]:
    """Copy a model into a server's folder.

    Args:
        folder: The server's folder.
        version: The model's version.
        data: The bytes of its file.
        model_hash: Their hash, which the server checks.
        statements: Signed statements about the model, one per line; "" keeps those in the folder.

    Returns:
        `version`, `file` and `hash` of the model.
    """
    file = folder / "models" / f"{version}-{model_hash[:12]}.npz"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if statements:
        atomic_write(statements_file(file), statements.encode())
    atomic_write(file, data)
    return {"version": version, "file": f"models/{file.name}", "hash": model_hash}


def statements_file(model: Path) -> Path:
    """Return the path of the signed statements about a model.

    Args:
        model: The model's file.
    """
    return model.with_suffix(".jsonl")


def activate_model(folder: Path, current: dict[str, str]) -> None:
    """Activate a model that is already in the server's folder.

    Args:
        folder: The server's folder.
        current: `version`, `file` and `hash` of the model, as `read_current` returns them.
    """
    atomic_write(current_file(folder), json.dumps(current).encode())


def atomic_write(file: Path, data: bytes) -> None:
    """Write a file completely or not at all, readable by its owner alone.

    Args:
        file: The path; its folder must exist.
        data: The content.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
    os.replace(part, file)
