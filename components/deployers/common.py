"""What deployers share: tokens, what an endpoint says of itself, and ZenML's list of endpoints."""

from collections.abc import Mapping

from zenml.client import Client
from zenml.enums import ServiceState
from zenml.services import ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from faces.errors import UserError


def find_token(secret: str) -> str | None:
    """The bearer token in a secret of ZenML's, None without a secret. Raises UserError."""
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
    """The headers that a client must send along."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def health(url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """What the server says of itself: `model_version`, and `refused` if it refused one since.

    Nothing, if it does not answer.
    """
    import requests

    try:
        answer = requests.get(f"{url}/health/status", headers=dict(headers), timeout=5).json()
        tags: dict[str, str] = answer["meta"]["tags"]
        return tags
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return {}


def list_service(config: ServiceConfig, kind: type[BaseDeploymentService]) -> None:
    """Let ZenML list an endpoint: `zenml model-deployer models`. One record for each place."""
    client = Client()
    own = config.model_dump(mode="json", exclude=set(ServiceConfig.model_fields))
    known = client.list_services(service_name=config.service_name).items
    same = [service for service in known if own.items() <= service.config.items()]
    record = same[0] if same else client.create_service(config, kind.SERVICE_TYPE)
    service = kind(
        uuid=record.id, config=config, status=ServiceStatus(), admin_state=ServiceState.ACTIVE
    )
    service.update_status()
    client.update_service(
        id=record.id,
        name=config.service_name,
        service_source=service.model_dump().get("type"),
        admin_state=service.admin_state,
        status=service.status.model_dump(),
        prediction_url=service.get_prediction_url(),
    )
