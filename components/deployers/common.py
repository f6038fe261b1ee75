"""What deployers share: tokens, health of an endpoint, and ZenML's list of services."""

from collections.abc import Callable, Mapping

import requests
from zenml.client import Client
from zenml.enums import ServiceState
from zenml.services import ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from components.deployers.base import EndpointStatus, State
from faces.errors import OperationError, UserError

HEALTH_TIMEOUT_SECONDS = 5.0

SERVICE_STATES = {
    State.RUNNING: ServiceState.ACTIVE,
    State.STOPPED: ServiceState.INACTIVE,
    State.FAILED: ServiceState.ERROR,
}


def find_token(secret: str) -> str | None:
    """Read a bearer token from ZenML's secret store.

    Args:
        secret: The secret's name; "" for none.

    Returns:
        The value of its key `token`; None without a secret.

    Raises:
        UserError: If there is no such secret or key.
    """
    if not secret:
        return None
    try:
        values = Client().get_secret(secret, allow_partial_name_match=False).secret_values
        return values["token"]
    except KeyError:
        raise UserError(
            f"endpoint.token_secret: no secret '{secret}' with a key 'token': "
            f"zenml secret create {secret} --token=…"
        ) from None


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
        The tags of `/health/status`: `model_version`, and `refused` if a model could not be loaded
        since. {} if the endpoint does not respond.
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
