"""Clients of a cluster: through a service connector, or a context of the local kubectl."""

from typing import TYPE_CHECKING, cast

from zenml.exceptions import AuthorizationException
from zenml.service_connectors.service_connector import ServiceConnector

from faces.errors import OperationError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


def connect_through(connector: ServiceConnector) -> "ApiClient":
    """Return a client with credentials of a service connector.

    Args:
        connector: A connector for one cluster.

    Raises:
        OperationError: If the connector has no valid credentials.
    """
    try:
        # Verifying would send one more request to the cluster, without a timeout.
        return cast("ApiClient", connector.connect(verify=False))
    except (AuthorizationException, RuntimeError) as error:
        raise OperationError(
            f"the service connector '{connector.name}' does not connect to the cluster: {error}: "
            f"zenml service-connector verify {connector.name}"
        ) from error


def connect(context: str | None) -> "ApiClient":
    """Return a client for a context of the local kubectl.

    Args:
        context: The context's name; None for the current one.

    Raises:
        OperationError: If there is no such context.
    """
    from kubernetes import config

    try:
        return config.new_client_from_config(context=context)
    except config.ConfigException as error:
        raise OperationError(
            f"kubectl has no context '{context}': {str(error).splitlines()[0]}: "
            "gcloud container clusters get-credentials faces --region …"
        ) from error
