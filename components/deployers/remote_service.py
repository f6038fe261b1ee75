"""The endpoint in a cloud as a ZenML service: `zenml model-deployer models` lists it."""

from collections.abc import Generator
from uuid import UUID

from zenml.client import Client
from zenml.enums import ServiceState, StackComponentType
from zenml.model_deployers import BaseModelDeployer
from zenml.services import ServiceConfig
from zenml.services.service import BaseDeploymentService

from components.deployers.base import FaceDeployer
from components.deployers.common import service_state
from faces.client import PREDICT

DEFAULT_TAIL = 100
"""Lines of each container's log."""


class RemoteServiceConfig(ServiceConfig):
    """The id of the deployer component, and the endpoint's address."""

    deployer: str
    url: str


class RemoteService(BaseDeploymentService):
    """An endpoint that its deployer finds in a cloud."""

    config: RemoteServiceConfig

    @property
    def deployer(self) -> FaceDeployer:
        """The deployer that created it."""
        model = Client().get_stack_component(
            StackComponentType.MODEL_DEPLOYER, UUID(self.config.deployer)
        )
        deployer = BaseModelDeployer.from_model(model)
        assert isinstance(deployer, FaceDeployer)
        return deployer

    @property
    def prediction_url(self) -> str | None:
        """Address for prediction requests."""
        return self.config.url + PREDICT

    def check_status(self) -> tuple[ServiceState, str]:
        """Return whether it is active, inactive or failed, with details."""
        return service_state(lambda: self.deployer.status())

    def provision(self) -> None:
        """Start the endpoint."""
        self.deployer.start()

    def deprovision(self, force: bool = False) -> None:
        """Stop the endpoint. The deployment is kept and can be started again.

        Args:
            force: Not used.
        """
        self.deployer.stop()

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """Read the logs of all containers.

        Args:
            follow: Not supported.
            tail: The number of lines; None for the last 100.

        Yields:
            Lines.
        """
        yield from self.deployer.logs(tail or DEFAULT_TAIL)
