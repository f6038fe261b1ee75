"""The endpoint as ZenML's service: what `zenml model-deployer models` lists, starts and stops."""

from collections.abc import Generator
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from zenml.client import Client
from zenml.enums import ServiceState, StackComponentType
from zenml.model_deployers import BaseModelDeployer
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig
from zenml.services.service import BaseDeploymentService

from faces.client import PREDICT
from faces.errors import OperationError

if TYPE_CHECKING:
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer


class SeldonKubernetesServiceConfig(ServiceConfig):
    """Whose endpoint it is, and where."""

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
        """The deployer that put it there."""
        from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer

        model = Client().get_stack_component(
            StackComponentType.MODEL_DEPLOYER, UUID(self.config.deployer)
        )
        found = BaseModelDeployer.from_model(model)
        assert isinstance(found, SeldonKubernetesDeployer)
        return found

    @property
    def prediction_url(self) -> str | None:
        """Where predictions are asked for."""
        return self.config.url + PREDICT

    def check_status(self) -> tuple[ServiceState, str]:
        """How it is: active, stopped, or what went wrong."""
        try:
            ready, replicas = self.deployer.count_pods()
        except OperationError as error:
            return ServiceState.ERROR, str(error)
        if replicas == 0:
            return ServiceState.INACTIVE, ""
        if ready == 0:
            return ServiceState.ERROR, f"none of {replicas} pods is ready"
        return ServiceState.ACTIVE, f"{ready} of {replicas} pods are ready"

    def provision(self) -> None:
        """Start the pods again."""
        self.deployer.scale(start=True)

    def deprovision(self, force: bool = False) -> None:
        """End the pods; the deployment stays, and can be started again."""
        self.deployer.scale(start=False)

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """The pods' logs, one after another; `follow` is not offered, `tail` is."""
        yield from self.deployer.logs(tail)
