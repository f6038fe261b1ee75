"""The endpoint on Cloud Run as a ZenML service."""

from typing import ClassVar

from zenml.models.v2.misc.service import ServiceType

from components.deployers.remote_service import RemoteService, RemoteServiceConfig


class CloudRunServiceConfig(RemoteServiceConfig):
    """The id of the deployer component, and the endpoint's address."""


class CloudRunService(RemoteService):
    """The endpoint on Cloud Run."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="cloud_run",
        type="model-serving",
        flavor="cloud_run",
        description="Google Cloud Run",
    )
    config: CloudRunServiceConfig
