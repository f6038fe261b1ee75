"""The endpoint as a ZenML service: `zenml model-deployer models` lists, starts and stops it."""

from collections.abc import Generator
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from zenml.client import Client
from zenml.enums import ServiceState, StackComponentType
from zenml.model_deployers import BaseModelDeployer
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig
from zenml.services.service import BaseDeploymentService

from components.deployers.common import service_state
from faces.client import PREDICT

if TYPE_CHECKING:
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer


DEFAULT_TAIL = 100
"""Lines of each pod's log."""


class SeldonKubernetesServiceConfig(ServiceConfig):
    """The id of the deployer component, and the endpoint's address."""

    deployer: str
    url: str


class SeldonKubernetesService(BaseDeploymentService):
    """The endpoint on a cluster."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon_kubernetes",
        type="model-serving",
        flavor="seldon_kubernetes",
        description="Seldon Core on Kubernetes",
    )
    config: SeldonKubernetesServiceConfig

    @property
    def deployer(self) -> "SeldonKubernetesDeployer":
        """The deployer that created it."""
        from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer

        model = Client().get_stack_component(
            StackComponentType.MODEL_DEPLOYER, UUID(self.config.deployer)
        )
        deployer = BaseModelDeployer.from_model(model)
        assert isinstance(deployer, SeldonKubernetesDeployer)
        return deployer

    @property
    def prediction_url(self) -> str | None:
        """Address for prediction requests."""
        return self.config.url + PREDICT

    def check_status(self) -> tuple[ServiceState, str]:
        """Return whether it is active, inactive or failed, with details."""
        return service_state(lambda: self.deployer.status())

    def provision(self) -> None:
        """Start the pods."""
        self.deployer.start()

    def deprovision(self, force: bool = False) -> None:
        """Stop the pods. The deployment is kept and can be started again.

        Args:
            force: Not used.
        """
        self.deployer.stop()

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """Read the logs of all pods, one after another.

        Args:
            follow: Not supported.
            tail: Lines per pod; None for the last 100.

        Yields:
            Lines, each after its pod's name.
        """
        yield from self.deployer.logs(tail or DEFAULT_TAIL)
