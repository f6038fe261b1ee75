"""The endpoint on a cluster as a ZenML service."""

from typing import ClassVar

from zenml.models.v2.misc.service import ServiceType

from components.deployers.remote_service import RemoteService, RemoteServiceConfig


class SeldonKubernetesServiceConfig(RemoteServiceConfig):
    """The id of the deployer component, and the endpoint's address."""


class SeldonKubernetesService(RemoteService):
    """The endpoint on a cluster."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon_kubernetes",
        type="model-serving",
        flavor="seldon_kubernetes",
        description="Seldon Core on Kubernetes",
    )
    config: SeldonKubernetesServiceConfig
