"""The state of the local server, from its folder, its process and its responses."""

import time
from datetime import UTC, datetime
from pathlib import Path

from components.deployers.base import NOTHING_DEPLOYED
from components.deployers.common import feedback_headers, find_tokens, health, prediction_headers
from components.deployers.endpoint import Endpoint, EndpointStatus, State
from components.deployers.seldon_local import process
from components.deployers.seldon_local.server_log import last_log_line
from faces.errors import OperationError, UserError
from serving.settings import (
    ServerSettings,
    log_file,
    read_current,
    read_settings,
    settings_file,
)
from serving.tokens import Tokens

SWITCH_TIMEOUT_SECONDS = 10.0
"""How long a server may take to serve another model."""

POLL_SECONDS = 0.02

LIVE, CANDIDATE = "model_version", "candidate_version"
"""What the server's health says it serves."""


def read_endpoint(folder: Path) -> Endpoint:
    """Return the endpoint as configured, whether or not the server is running.

    Args:
        folder: The server's folder.

    Raises:
        UserError: If nothing is deployed.
    """
    current = read_current(folder)
    if current is None or not settings_file(folder).exists():
        raise UserError(NOTHING_DEPLOYED)
    settings = read_settings(folder)
    tokens = find_tokens(settings.token_secret)
    return Endpoint(
        settings.url, current["version"], prediction_headers(tokens), feedback_headers(tokens)
    )


def read_status(folder: Path) -> EndpointStatus:
    """Return the state of the server.

    Args:
        folder: The server's folder.

    Raises:
        UserError: If nothing is deployed.
    """
    endpoint = read_endpoint(folder)
    server = process.running(folder)
    logs = str(log_file(folder))
    if server is None:
        if not process.has_crashed(folder):
            return EndpointStatus(endpoint, State.STOPPED, "", None, logs)
        line = last_log_line(folder)
        problem = f"it has crashed, or the machine was restarted; its last log line: {line}"
        return EndpointStatus(endpoint, State.FAILED, problem, None, logs)
    since = datetime.fromtimestamp(server.create_time(), UTC)
    if not process.is_responding(read_settings(folder)):
        problem = f"process {server.pid} does not respond at {endpoint.url}"
        return EndpointStatus(endpoint, State.FAILED, problem, since, logs)
    detail = f"process {server.pid}"
    tags = health(endpoint.url, endpoint.headers)
    if reason := tags.get("reason"):
        return EndpointStatus(endpoint, State.FAILED, f"{detail}: {reason}", since, logs)
    if candidate := tags.get(CANDIDATE):
        detail += f"; version {candidate} answers beside it"
    if refusal := tags.get("refused"):
        detail += f"; a newer model was refused: {refusal}"
    return EndpointStatus(endpoint, State.RUNNING, detail, since, logs)


def await_version(
    settings: ServerSettings, tokens: Tokens | None, version: str, tag: str = LIVE
) -> None:
    """Wait until the server serves a version.

    Args:
        settings: The settings that it runs with.
        tokens: The bearer tokens of clients, if they must send one.
        version: The version.
        tag: `LIVE`, or `CANDIDATE` if it answers beside the live version.

    Raises:
        OperationError: If the server refuses it, or does not serve it in time.
    """
    deadline = time.monotonic() + SWITCH_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        tags = health(settings.url, prediction_headers(tokens))
        if tags.get(tag) == version:
            return
        if "refused" in tags:
            raise OperationError(f"the server refused version {version}: {tags['refused']}")
        time.sleep(POLL_SECONDS)
    raise OperationError(
        f"the server did not serve version {version} within {SWITCH_TIMEOUT_SECONDS:.0f} s"
    )


def check_canary_support(folder: Path) -> None:
    """Check that a candidate can be compared with a live version.

    Args:
        folder: The server's folder.

    Raises:
        UserError: If nothing is live, or if answers are not captured.
    """
    if read_current(folder) is None:
        raise UserError(
            "rollout canary: there is no live version to compare with: use --rollout direct"
        )
    if not read_settings(folder).capture:
        raise UserError(
            "rollout canary: it compares captured answers, but capture is off: set capture: "
            "{capture: true} and deploy with --rollout direct once"
        )
