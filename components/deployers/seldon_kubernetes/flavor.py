"""The flavor `seldon_kubernetes` of ZenML's model deployers."""

from typing import TYPE_CHECKING

from pydantic import Field
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.models import ServiceConnectorRequirements
from zenml.utils import source_utils

from components.deployers.remote_flavor import RemoteDeployerConfig

if TYPE_CHECKING:
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer


class SeldonKubernetesConfig(RemoteDeployerConfig):
    """Where the endpoint runs, its resources, and its address."""

    base_url: str = Field(
        description="address of the cluster's ingress, such as https://faces.example.org"
    )
    namespace: str = Field(default="faces", description="namespace of the SeldonDeployment")
    kubernetes_context: str | None = Field(
        default=None, description="context of the local kubectl; not needed with a connector"
    )
    replicas: int = Field(default=2, ge=1, description="number of pods")
    service_account: str = Field(default="serving", description="service account of the pods")
    cpu: str = Field(default="500m", description="CPU request of a pod")
    memory: str = Field(default="512Mi", description="memory request and limit of a pod")


class SeldonKubernetesFlavor(BaseModelDeployerFlavor):
    """One SeldonDeployment on a Kubernetes cluster, with this project's server in it."""

    @property
    def name(self) -> str:
        """The flavor's name in a stack's YAML."""
        return "seldon_kubernetes"

    @property
    def service_connector_requirements(self) -> ServiceConnectorRequirements:
        """Steps that run elsewhere reach the cluster through a service connector."""
        return ServiceConnectorRequirements(resource_type="kubernetes-cluster")

    @property
    def config_class(self) -> type[SeldonKubernetesConfig]:
        """Class of the configuration."""
        return SeldonKubernetesConfig

    @property
    def implementation_class(self) -> type["SeldonKubernetesDeployer"]:
        """The class of its deployer, imported on first use.

        ZenML's commands have the checkout on the import path only while ZenML itself loads a
        class, so a plain import of the deployer would fail there.
        """
        deployer: type[SeldonKubernetesDeployer] = source_utils.load(
            "components.deployers.seldon_kubernetes.deployer.SeldonKubernetesDeployer"
        )
        return deployer
