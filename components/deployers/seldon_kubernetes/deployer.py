"""The deployer behind the flavor.

ZenML's own Seldon deployer deletes a deployment before it creates the next, at another URL, and a
rollout that fails is no error to it. This one changes one SeldonDeployment in place, which
Kubernetes rolls out pod by pod, and puts back what was there if the new pods do not come up.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, cast

from zenml.client import Client
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.services import BaseService

from components.deployers.base import NOTHING_DEPLOYED, Endpoint, FaceDeployer, ModelArtifact
from components.deployers.common import bearer, find_token, list_service
from components.deployers.container_images import SERVING, image_name
from components.deployers.seldon_kubernetes.cluster import Cluster, connect
from components.deployers.seldon_kubernetes.flavor import (
    SeldonKubernetesConfig,
    SeldonKubernetesFlavor,
)
from components.deployers.seldon_kubernetes.manifest import (
    make_manifest,
    read_model,
    read_settings,
    revision,
)
from components.deployers.seldon_kubernetes.model_store import locate, model_uri, upload
from components.deployers.seldon_kubernetes.pod_settings import pod_settings
from components.deployers.seldon_kubernetes.rolling_update import rolling_update
from components.deployers.seldon_kubernetes.rollout import await_rollout, is_ready, of_revision
from components.deployers.seldon_kubernetes.service import (
    SeldonKubernetesService,
    SeldonKubernetesServiceConfig,
)
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import UserError
from serving.settings import ServerSettings


class SeldonKubernetesDeployer(FaceDeployer):
    """One SeldonDeployment on a cluster."""

    NAME: ClassVar[str] = "Seldon on Kubernetes"
    FLAVOR: ClassVar[type[BaseModelDeployerFlavor]] = SeldonKubernetesFlavor

    @property
    def config(self) -> SeldonKubernetesConfig:
        """What the stack says."""
        return cast(SeldonKubernetesConfig, self._config)

    @property
    def url(self) -> str:
        """The endpoint's address, which never changes."""
        return f"{self.config.base_url.rstrip('/')}/seldon/{self.config.namespace}/{NAME}"

    @property
    def cluster(self) -> Cluster:
        """The cluster, through the service connector or the local kubectl's context."""
        connector, context = self.get_connector(), self.config.kubernetes_context
        if connector is None and context is None:
            raise UserError(
                f"no way to the cluster: zenml model-deployer connect {self.name} --connector …, "
                "or kubernetes_context in the stack"
            )
        # Verifying would ask the cluster once more, and wait for it without end.
        client = connector.connect(verify=False) if connector else connect(context)
        return Cluster(client, self.config.namespace)

    @property
    def image(self) -> str:
        """The image that pods run: the stack's own choice, or this code's in its registry."""
        registry = Client().active_stack.container_registry
        if self.config.image or registry is None:
            return self.config.image
        return image_name(registry.config.uri, SERVING)

    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """See FaceDeployer."""
        cluster = self.cluster
        previous = cluster.find()
        if settings is not None:
            wanted_settings = pod_settings(settings, self.config)
        elif previous is not None:
            wanted_settings = read_settings(previous)
        else:
            raise UserError(NOTHING_DEPLOYED)
        token = self._token(wanted_settings.token_secret)
        uri = model_uri(self.config.models, model.version, model.hash)
        upload(uri, model.data)
        about = {"version": model.version, "uri": uri, "hash": model.hash}
        self._serve(cluster, about, wanted_settings, token, previous)
        self._list()
        return Endpoint(self.url, model.version, bearer(token))

    def endpoint(self) -> Endpoint:
        """See FaceDeployer."""
        deployment = self.cluster.find()
        if deployment is None:
            raise UserError(NOTHING_DEPLOYED)
        token = self._token(read_settings(deployment).token_secret)
        return Endpoint(self.url, read_model(deployment)["version"], bearer(token))

    def served_version(self) -> str | None:
        """See FaceDeployer."""
        deployment = self.cluster.find()
        return read_model(deployment)["version"] if deployment else None

    def captured(self) -> list[str]:
        """See FaceDeployer."""
        deployment = self.cluster.find()
        return [read_settings(deployment).capture_uri if deployment else self.config.captured]

    def restore(self, version: str | None) -> None:
        """See FaceDeployer."""
        cluster = self.cluster
        present = cluster.find()
        assert present is not None
        if version is None:
            cluster.delete()
            return
        uri, hash_ = locate(self.config.models, version)
        settings = read_settings(present)
        about = {"version": version, "uri": uri, "hash": hash_}
        self._serve(cluster, about, settings, self._token(settings.token_secret), present)

    def perform_delete_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> None:
        """Delete the deployment. Its models and what was captured stay in the bucket."""
        if self.cluster.find() is not None:
            self.cluster.delete()

    @staticmethod
    def get_model_server_info(service: BaseService) -> dict[str, str | None]:
        """What `zenml model-deployer models describe` tells."""
        assert isinstance(service, SeldonKubernetesService)
        deployment = service.deployer.cluster.find()
        return {
            "PREDICTION_URL": service.prediction_url,
            "NAMESPACE": service.deployer.config.namespace,
            "MODEL_VERSION": read_model(deployment)["version"] if deployment else None,
            "MODEL": read_model(deployment)["uri"] if deployment else None,
            "CAPTURED": read_settings(deployment).capture_uri if deployment else None,
        }

    def count_pods(self) -> tuple[int, int]:
        """How many pods are ready, and how many there should be."""
        cluster = self.cluster
        deployment = cluster.find()
        if deployment is None:
            return 0, 0
        ready = sum(map(is_ready, of_revision(cluster.pods(), revision(deployment))))
        return ready, int(deployment["spec"]["predictors"][0]["replicas"])

    def scale(self, start: bool) -> None:
        """Start as many pods as the stack says, or end all."""
        cluster = self.cluster
        deployment = cluster.find()
        if deployment is None:
            raise UserError(NOTHING_DEPLOYED)
        predictor = {
            **deployment["spec"]["predictors"][0],
            "replicas": self.config.replicas if start else 0,
        }
        wanted = {**deployment, "spec": {**deployment["spec"], "predictors": [predictor]}}
        cluster.put(wanted, deployment)
        await_rollout(cluster, wanted, self.config.patience)

    def logs(self, tail: int | None) -> Iterator[str]:
        """The pods' logs."""
        cluster = self.cluster
        for pod in cluster.pods():
            name = pod["metadata"]["name"]
            yield from (f"{name}  {line}" for line in cluster.log(name, tail or 100).splitlines())

    def _serve(
        self,
        cluster: Cluster,
        model: dict[str, str],
        settings: ServerSettings,
        token: str,
        previous: dict[str, Any] | None,
    ) -> None:
        """Serve `model`, which is in the bucket, in place of `previous`."""
        wanted = make_manifest(self.config, self.image, settings, model, token)
        cluster.put_token(token)
        rolling_update(cluster, wanted, previous, self.url, token, self.config.patience)

    def _token(self, secret: str) -> str:
        """Never without one: others can reach the cluster's ingress."""
        token = find_token(secret) or self.config.token
        if not token:
            raise UserError(
                "others can reach this endpoint, so it needs a token: zenml secret create endpoint "
                "--token=…, and token: '{{endpoint.token}}' in the stack"
            )
        return token

    def _list(self) -> None:
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
