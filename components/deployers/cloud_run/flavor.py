"""The flavor `cloud_run` of ZenML's model deployers."""

from typing import TYPE_CHECKING

from pydantic import Field
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.utils import source_utils

from components.deployers.remote_flavor import RemoteDeployerConfig

if TYPE_CHECKING:
    from components.deployers.cloud_run.deployer import CloudRunDeployer


class CloudRunConfig(RemoteDeployerConfig):
    """Where the endpoint runs, its identity and its resources."""

    project: str = Field(description="Google Cloud project")
    location: str = Field(description="region, such as europe-west1")
    service: str = Field(
        default="face-recognizer", description="the Cloud Run service, which infra/gcp creates"
    )
    service_account: str = Field(description="e-mail of the service account of the containers")
    min_instances: int = Field(
        default=0, ge=0, description="containers without requests; 0: a request may start one"
    )
    max_instances: int = Field(default=2, ge=1, description="maximum number of containers")
    concurrency: int = Field(
        default=32, ge=1, description="requests that a container answers at the same time"
    )
    cpu: str = Field(default="1", description="processors of a container")
    memory: str = Field(
        default="1Gi", description="memory of a container, including its files (/data)"
    )
    metrics_collector: str = Field(
        default="us-docker.pkg.dev/cloud-ops-agents-artifacts/cloud-run-gmp-sidecar/"
        "cloud-run-gmp-sidecar:1.2.0",
        description="container image that sends the server's metrics to Google's managed "
        "Prometheus, beside each container; '' for none",
    )


class CloudRunFlavor(BaseModelDeployerFlavor):
    """One service of Google Cloud Run with this project's server in its containers."""

    @property
    def name(self) -> str:
        """The flavor's name in a stack's YAML."""
        return "cloud_run"

    @property
    def config_class(self) -> type[CloudRunConfig]:
        """Class of the configuration."""
        return CloudRunConfig

    @property
    def implementation_class(self) -> type["CloudRunDeployer"]:
        """The class of its deployer, imported on first use.

        ZenML's commands have the checkout on the import path only while ZenML itself loads a
        class, so a plain import of the deployer would fail there.
        """
        deployer: type[CloudRunDeployer] = source_utils.load(
            "components.deployers.cloud_run.deployer.CloudRunDeployer"
        )
        return deployer
