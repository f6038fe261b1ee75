"""The flavor that `zenml model-deployer` knows."""

from typing import TYPE_CHECKING

from pydantic import Field
from zenml.model_deployers.base_model_deployer import (
    BaseModelDeployerConfig,
    BaseModelDeployerFlavor,
)
from zenml.models import ServiceConnectorRequirements
from zenml.utils.secret_utils import SecretField

if TYPE_CHECKING:
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer


class SeldonKubernetesConfig(BaseModelDeployerConfig):
    """Where the endpoint runs, what it may use, and what it is reached by."""

    base_url: str = Field(description="of the cluster's ingress, such as https://faces.example.org")
    namespace: str = Field(default="faces", description="in which the SeldonDeployment is")
    kubernetes_context: str | None = Field(
        default=None, description="of the local kubectl; not needed with a service connector"
    )
    image: str = Field(
        default="", description="built from serving/Dockerfile; '': in the stack's registry"
    )
    models: str = Field(description="where versions are put for the endpoint: a folder's URI")
    captured: str = Field(description="where captured requests go: a folder's URI")
    token: str = SecretField(
        default="", description="that clients must send: '{{endpoint.token}}', a secret of ZenML's"
    )
    replicas: int = Field(default=2, ge=1)
    service_account: str = Field(default="serving", description="that the pods run as")
    cpu: str = Field(default="500m", description="that a pod asks for")
    memory: str = Field(default="512Mi", description="that a pod asks for, and may not exceed")
    ship_seconds: float = Field(
        default=60, gt=0, description="after which a captured request is in the bucket"
    )
    patience: float = Field(default=300, gt=0, description="seconds that a rollout may take")


class SeldonKubernetesFlavor(BaseModelDeployerFlavor):
    """One SeldonDeployment with this project's server in it."""

    @property
    def name(self) -> str:
        """The name in a stack's YAML."""
        return "seldon_kubernetes"

    @property
    def service_connector_requirements(self) -> ServiceConnectorRequirements:
        """A step that runs elsewhere reaches the cluster through a connector."""
        return ServiceConnectorRequirements(resource_type="kubernetes-cluster")

    @property
    def config_class(self) -> type[SeldonKubernetesConfig]:
        """Its configuration."""
        return SeldonKubernetesConfig

    @property
    def implementation_class(self) -> type["SeldonKubernetesDeployer"]:
        """The deployer, imported when it is used."""
        from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer

        return SeldonKubernetesDeployer
