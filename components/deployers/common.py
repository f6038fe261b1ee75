"""What deployers share: tokens, health of an endpoint, and ZenML's list of services."""

import re
from collections.abc import Callable, Mapping

import requests
from zenml.client import Client
from zenml.enums import ServiceState
from zenml.services import ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from components.deployers.endpoint import FEEDBACK_KEY, OPERATOR, EndpointStatus, State
from faces.errors import OperationError, UserError
from serving.tokens import Tokens

HEALTH_TIMEOUT_SECONDS = 5.0
SENDER = re.compile(r"[A-Za-z0-9._-]{1,50}")

SERVICE_STATES = {
    State.RUNNING: ServiceState.ACTIVE,
    State.STOPPED: ServiceState.INACTIVE,
    State.FAILED: ServiceState.ERROR,
}


def find_tokens(secret: str) -> Tokens | None:
    """Read bearer tokens from ZenML's secret store.

    Args:
        secret: The secret's name; "" for none.

    Returns:
        The token for predictions, its key `token`, and those for feedback, its keys
        `feedback_SENDER`; None without a secret.

    Raises:
        UserError: If there is no such secret or key `token`, or a token for feedback is unusable.
    """
    if not secret:
        return None
    try:
        values = Client().get_secret(secret, allow_partial_name_match=False).secret_values
        prediction = values["token"]
    except KeyError:
        raise UserError(
            f"endpoint.token_secret: no secret '{secret}' with a key 'token': "
            f"zenml secret create {secret} --token=…"
        ) from None
    keys = sorted(key for key in values if key.startswith(FEEDBACK_KEY))
    feedback = {key.removeprefix(FEEDBACK_KEY): values[key] for key in keys}
    _check_feedback_tokens(secret, prediction, feedback)
    return Tokens(prediction, feedback)


def require_tokens(secret: str, token: str) -> Tokens:
    """Return the tokens of an endpoint that others can reach.

    Args:
        secret: The ZenML secret with the tokens; "" for none.
        token: The bearer token in the stack's configuration; "" for none.

    Raises:
        UserError: If there is neither.
    """
    tokens = find_tokens(secret)
    if tokens is None and token:
        return Tokens(token)
    if tokens is None:
        raise UserError(
            "others can reach this endpoint, so it needs a token: zenml secret create endpoint "
            "--token=…, and token: '{{endpoint.token}}' in the stack's YAML"
        )
    return tokens


def _check_feedback_tokens(secret: str, prediction: str, feedback: Mapping[str, str]) -> None:
    """Require that every token identifies one sender."""
    owners = {prediction: "token"}
    for sender, token in feedback.items():
        key = FEEDBACK_KEY + sender
        if not SENDER.fullmatch(sender):
            raise UserError(
                f"secret '{secret}': the key '{key}' does not name a sender: expected "
                f"{FEEDBACK_KEY} and 1 to 50 letters, digits or any of . _ -"
            )
        if not token or token in owners:
            cause = f"the same token as '{owners[token]}'" if token else "an empty token"
            raise UserError(
                f"secret '{secret}': '{key}' has {cause}, but a token must identify its sender: "
                f"zenml secret update {secret} --{key}=…"
            )
        owners[token] = key


def prediction_headers(tokens: Tokens | None) -> dict[str, str]:
    """Return the HTTP headers that clients must send.

    Args:
        tokens: The endpoint's tokens; None if it needs none.
    """
    return bearer(tokens.prediction if tokens else None)


def feedback_headers(tokens: Tokens | None) -> dict[str, str] | None:
    """Return the HTTP headers with which this project's own commands send feedback.

    Args:
        tokens: The endpoint's tokens; None if it needs none.

    Returns:
        The headers; None if they have no token for feedback.
    """
    if tokens is None:
        return {}
    token = tokens.feedback.get(OPERATOR)
    return bearer(token) if token else None


def bearer(token: str | None) -> dict[str, str]:
    """Return the HTTP headers that clients must send.

    Args:
        token: The bearer token; None or "" if the endpoint needs none.
    """
    return {"Authorization": f"Bearer {token}"} if token else {}


def health(url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Ask an endpoint for its state.

    Args:
        url: The endpoint's address, without a path.
        headers: HTTP headers to send.

    Returns:
        The tags of `/health/status`: `model_version`, `refused` if a model could not be loaded
        since, and `reason` if predictions cannot be answered. {} if the endpoint does not respond.
    """
    try:
        response = requests.get(
            f"{url}/health/status", headers=dict(headers), timeout=HEALTH_TIMEOUT_SECONDS
        )
        tags: dict[str, str] = response.json()["meta"]["tags"]
        return tags
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return {}


def service_state(read: Callable[[], EndpointStatus]) -> tuple[ServiceState, str]:
    """Convert the state of an endpoint to that of its ZenML service.

    Args:
        read: Returns the state of the endpoint.

    Returns:
        The state, and what is wrong or what the endpoint runs in.
    """
    try:
        status = read()
    except UserError:
        return ServiceState.INACTIVE, ""
    except OperationError as error:
        return ServiceState.ERROR, str(error)
    return SERVICE_STATES[status.state], status.detail


def list_service(config: ServiceConfig, kind: type[BaseDeploymentService]) -> None:
    """Add or update an endpoint in ZenML's list: `zenml model-deployer models list`.

    Args:
        config: The endpoint's entry. The fields that it adds to ServiceConfig identify the
            endpoint, so there is one entry for each.
        kind: The service class that starts and stops such endpoints.
    """
    client = Client()
    identity = config.model_dump(mode="json", exclude=set(ServiceConfig.model_fields))
    listed = client.list_services(service_name=config.service_name).items
    same = [service for service in listed if identity.items() <= service.config.items()]
    entry = same[0] if same else client.create_service(config, kind.SERVICE_TYPE)
    service = kind(
        uuid=entry.id, config=config, status=ServiceStatus(), admin_state=ServiceState.ACTIVE
    )
    service.update_status()
    client.update_service(
        id=entry.id,
        name=config.service_name,
        service_source=service.model_dump().get("type"),
        admin_state=service.admin_state,
        status=service.status.model_dump(),
        prediction_url=service.get_prediction_url(),
    )
