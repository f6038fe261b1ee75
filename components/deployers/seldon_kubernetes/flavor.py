"""The flavor `seldon_kubernetes` of ZenML's model deployers."""

from typing import TYPE_CHECKING

from pydantic import Field
from zenml.model_deployers.base_model_deployer import (
    BaseModelDeployerConfig,
    BaseModelDeployerFlavor,
)
from zenml.models import ServiceConnectorRequirements
from zenml.utils import source_utils
from zenml.utils.secret_utils import (
    SecretField,
    is_secret_reference,
    parse_secret_reference,
)

if TYPE_CHECKING:
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer


class SeldonKubernetesConfig(BaseModelDeployerConfig):
    """Where the endpoint runs, its resources, and its address."""

    base_url: str = Field(
        description="address of the cluster's ingress, such as https://faces.example.org"
    )
    namespace: str = Field(default="faces", description="namespace of the SeldonDeployment")
    kubernetes_context: str | None = Field(
        default=None, description="context of the local kubectl; not needed with a connector"
    )
    image: str = Field(
        default="",
        description="container image built from serving/Dockerfile; '': in the stack's registry",
    )
    models: str = Field(description="URI of the folder from which pods fetch models")
    captured: str = Field(description="URI of the folder for captured requests")
    token: str = SecretField(
        default="",
        description="bearer token that clients must send: '{{endpoint.token}}'; the same secret's "
        "keys feedback_SENDER are tokens for feedback",
    )
    replicas: int = Field(default=2, ge=1, description="number of pods")
    service_account: str = Field(default="serving", description="service account of the pods")
    cpu: str = Field(default="500m", description="CPU request of a pod")
    memory: str = Field(default="512Mi", description="memory request and limit of a pod")
    upload_seconds: float = Field(
        default=60, gt=0, description="seconds after which captured requests are uploaded"
    )
    rollout_timeout_seconds: float = Field(
        default=300, gt=0, description="seconds after which an unfinished rollout is rolled back"
    )

    @property
    def token_secret(self) -> str:
        """Name of the secret that `token` refers to; "" if it is not a reference."""
        value = self.__dict__["token"]
        return parse_secret_reference(value).name if is_secret_reference(value) else ""


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
