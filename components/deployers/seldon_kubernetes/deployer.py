"""The model deployer `seldon_kubernetes`.

ZenML's own Seldon deployer deletes a deployment before it creates the next, at another URL, and
does not report a failed rollout. This one changes a single SeldonDeployment in place, which
Kubernetes rolls out pod by pod, and rolls back if the new pods do not become ready.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from zenml.client import Client
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.services import BaseService

from components.deployers.base import NOTHING_DEPLOYED, FaceDeployer, require_not_served
from components.deployers.common import (
    feedback_headers,
    list_service,
    prediction_headers,
    require_tokens,
)
from components.deployers.container_images import SERVING, image_name
from components.deployers.container_settings import container_settings
from components.deployers.endpoint import Endpoint, EndpointStatus, ModelArtifact, Replaced
from components.deployers.model_store import (
    StoredModel,
    delete,
    locate,
    upload,
)
from components.deployers.seldon_kubernetes.cluster import POD_LABEL, Cluster
from components.deployers.seldon_kubernetes.connection import connect, connect_through
from components.deployers.seldon_kubernetes.flavor import (
    SeldonKubernetesConfig,
    SeldonKubernetesFlavor,
)
from components.deployers.seldon_kubernetes.manifest import (
    Manifest,
    make_manifest,
    read_model,
    read_replicas,
    read_settings,
    revision,
    with_replicas,
)
from components.deployers.seldon_kubernetes.rolling_update import rolling_update
from components.deployers.seldon_kubernetes.rollout import await_rollout, of_revision, pods_status
from components.deployers.seldon_kubernetes.service import (
    SeldonKubernetesService,
    SeldonKubernetesServiceConfig,
)
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import UserError
from serving.settings import ServerSettings
from serving.tokens import Tokens

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class SeldonKubernetesDeployer(FaceDeployer):
    """One SeldonDeployment on a cluster."""

    NAME: ClassVar[str] = "Seldon on Kubernetes"
    FLAVOR: ClassVar[type[BaseModelDeployerFlavor]] = SeldonKubernetesFlavor

    @property
    def config(self) -> SeldonKubernetesConfig:
        """The component's configuration in the stack."""
        return cast(SeldonKubernetesConfig, self._config)

    @property
    def url(self) -> str:
        """The endpoint's address, which never changes."""
        return f"{self.config.base_url.rstrip('/')}/seldon/{self.config.namespace}/{NAME}"

    @property
    def cluster(self) -> Cluster:
        """The cluster, through the service connector or a context of the local kubectl."""
        connector, context = self.get_connector(), self.config.kubernetes_context
        if connector is None and context is None:
            raise UserError(
                "the stack has no connection to the cluster: zenml model-deployer connect "
                f"{self.name} --connector …, or kubernetes_context in the stack's YAML"
            )
        return Cluster(self._connect, self.config.namespace)

    @property
    def image(self) -> str:
        """The container image of the pods: as configured, or of this code in the registry."""
        registry = Client().active_stack.container_registry
        if self.config.image or registry is None:
            return self.config.image
        return image_name(registry.config.uri, SERVING)

    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """See FaceDeployer."""
        cluster = self.cluster
        previous = cluster.find()
        if settings is not None:
            server = container_settings(settings, self.config, self.config.replicas)
        elif previous is not None:
            server = read_settings(previous)
        else:
            raise UserError(NOTHING_DEPLOYED)
        tokens = self._tokens(server.token_secret)
        stored = upload(self.config.models, model)
        self._serve(cluster, stored, server, tokens, previous)
        self._register()
        replaced = (
            Replaced(read_model(previous).version, read_settings(previous)) if previous else None
        )
        return Endpoint(
            self.url,
            model.version,
            prediction_headers(tokens),
            feedback_headers(tokens),
            replaced=replaced,
        )

    def endpoint(self) -> Endpoint:
        """See FaceDeployer."""
        deployment = self._require_deployment(self.cluster)
        tokens = self._tokens(read_settings(deployment).token_secret)
        version = read_model(deployment).version
        return Endpoint(self.url, version, prediction_headers(tokens), feedback_headers(tokens))

    def status(self) -> EndpointStatus:
        """See FaceDeployer."""
        cluster = self.cluster
        deployment = self._require_deployment(cluster)
        endpoint = Endpoint(self.url, read_model(deployment).version)
        logs = f"kubectl logs --namespace {cluster.namespace} --selector {POD_LABEL}={NAME}"
        pods = of_revision(cluster.pods(), revision(deployment))
        return pods_status(endpoint, pods, read_replicas(deployment), logs)

    def start(self) -> None:
        """See FaceDeployer."""
        self._scale(self.config.replicas)

    def stop(self) -> None:
        """See FaceDeployer."""
        self._scale(0)

    def served_version(self) -> str | None:
        """See FaceDeployer."""
        deployment = self.cluster.find()
        return read_model(deployment).version if deployment else None

    def captured(self) -> list[str]:
        """See FaceDeployer."""
        deployment = self.cluster.find()
        return [read_settings(deployment).capture_uri if deployment else self.config.captured]

    def restore(self, replaced: Replaced | None, instead_of: str) -> bool:
        """See FaceDeployer."""
        cluster = self.cluster
        present = self._require_deployment(cluster)
        if read_model(present).version != instead_of:
            return False
        if replaced is None:
            cluster.delete()
            return True
        stored, server = locate(self.config.models, replaced.version), replaced.settings
        self._serve(cluster, stored, server, self._tokens(server.token_secret), present)
        return True

    def delete_models(self, versions: Collection[int]) -> int:
        """See FaceDeployer."""
        require_not_served(self, versions)
        return delete(self.config.models, versions)

    def log_files(self) -> list[Path]:
        """Return nothing: the cluster keeps the logs of its pods. See FaceDeployer."""
        return []

    def retention_days(self) -> float | None:
        """See FaceDeployer."""
        deployment = self.cluster.find()
        return read_settings(deployment).retention_days if deployment else None

    def perform_delete_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> None:
        """Delete the deployment. Models and captured requests are kept in the bucket.

        Args:
            service: Not used; there is one deployment.
            timeout: Not used.
            force: Not used.
        """
        if self.cluster.find() is not None:
            self.cluster.delete()

    @staticmethod
    def get_model_server_info(service: BaseService) -> dict[str, str | None]:
        """Return what `zenml model-deployer models describe` prints.

        Args:
            service: The endpoint in ZenML's list of services.
        """
        assert isinstance(service, SeldonKubernetesService)
        deployer = service.deployer
        assert isinstance(deployer, SeldonKubernetesDeployer)
        deployment = deployer.cluster.find()
        return {
            "PREDICTION_URL": service.prediction_url,
            "NAMESPACE": deployer.config.namespace,
            "MODEL_VERSION": read_model(deployment).version if deployment else None,
            "MODEL": read_model(deployment).uri if deployment else None,
            "CAPTURED": read_settings(deployment).capture_uri if deployment else None,
        }

    def logs(self, tail: int) -> Iterator[str]:
        """Read the pods' logs, one after another; lines begin with the pod. See FaceDeployer."""
        cluster = self.cluster
        self._require_deployment(cluster)
        for pod in cluster.pods():
            name = pod["metadata"]["name"]
            yield from (f"{name}  {line}" for line in cluster.log(name, tail).splitlines())

    def _connect(self) -> "ApiClient":
        """Return a client of the cluster with new credentials."""
        connector = self.get_connector()
        return connect_through(connector) if connector else connect(self.config.kubernetes_context)

    def _scale(self, replicas: int) -> None:
        """Change the number of pods, and wait until they are ready or gone."""
        cluster = self.cluster
        deployment = self._require_deployment(cluster)
        desired = with_replicas(deployment, replicas)
        cluster.apply(desired, replaces=deployment)
        await_rollout(cluster, desired, self.config.rollout_timeout_seconds)

    def _serve(
        self,
        cluster: Cluster,
        model: StoredModel,
        settings: ServerSettings,
        tokens: Tokens,
        previous: Manifest | None,
    ) -> None:
        desired = make_manifest(self.config, self.image, settings, model, tokens)
        cluster.put_tokens(tokens)
        timeout = self.config.rollout_timeout_seconds
        rolling_update(cluster, desired, previous, self.url, prediction_headers(tokens), timeout)

    @staticmethod
    def _require_deployment(cluster: Cluster) -> Manifest:
        deployment = cluster.find()
        if deployment is None:
            raise UserError(NOTHING_DEPLOYED)
        return deployment

    def _tokens(self, secret: str) -> Tokens:
        return require_tokens(secret or self.config.token_secret, self.config.token)

    def _register(self) -> None:
        """Make the endpoint visible to `zenml model-deployer models`."""
        list_service(
            SeldonKubernetesServiceConfig(
                name=NAME,
                model_name=NAME,
                service_name=f"{self.name}-{NAME}",
                pipeline_name="deployment",
                pipeline_step_name="deploy_model",
                deployer=str(self.id),
                url=self.url,
            ),
            SeldonKubernetesService,
        )
