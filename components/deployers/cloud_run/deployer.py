"""The model deployer `cloud_run`.

Cloud Run keeps each deployment as an immutable revision, and splits the traffic between revisions:
a rollout, a canary and a rollback move the traffic, after the revision that receives it has
answered at a separate address. Without requests, no container runs.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar, cast

from zenml.client import Client
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.services import BaseService

from components.deployers.base import NOTHING_DEPLOYED, FaceDeployer, require_not_served
from components.deployers.cloud_run.api import CloudRun
from components.deployers.cloud_run.flavor import CloudRunConfig, CloudRunFlavor
from components.deployers.cloud_run.logs import read_logs
from components.deployers.cloud_run.revision import (
    Content,
    Resource,
    make_template,
)
from components.deployers.cloud_run.rollout import (
    AUTOMATIC,
    STOPPED,
    Share,
    live_share,
    roll_out,
)
from components.deployers.cloud_run.service import CloudRunService, CloudRunServiceConfig
from components.deployers.cloud_run.state import live_content, read_status, require_live
from components.deployers.cloud_run.traffic import CANARY, LIVE, live_revision, target
from components.deployers.common import (
    feedback_headers,
    list_service,
    prediction_headers,
    require_tokens,
)
from components.deployers.container_images import SERVING, image_name
from components.deployers.container_settings import container_settings
from components.deployers.endpoint import Endpoint, EndpointStatus, ModelArtifact, Replaced
from components.deployers.model_store import delete, locate, upload
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import UserError
from serving.tokens import FEEDBACK_TOKENS, TOKEN, Tokens

SECRETS = {TOKEN: f"{NAME}-token", FEEDBACK_TOKENS: f"{NAME}-feedback"}
"""Google's secrets with the tokens, by environment variable; infra/gcp creates them."""


class CloudRunDeployer(FaceDeployer):
    """One service of Cloud Run."""

    NAME: ClassVar[str] = "Cloud Run"
    FLAVOR: ClassVar[type[BaseModelDeployerFlavor]] = CloudRunFlavor

    @property
    def config(self) -> CloudRunConfig:
        """The component's configuration in the stack."""
        return cast(CloudRunConfig, self._config)

    @property
    def api(self) -> CloudRun:
        """The service, with Google's application default credentials."""
        return CloudRun(self.config)

    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """See FaceDeployer."""
        api = self.api
        previous = live_content(api)
        if settings is not None:
            server = container_settings(settings, self.config, max(2, self.config.max_instances))
        elif previous is not None:
            server = previous.settings
        else:
            raise UserError(NOTHING_DEPLOYED)
        tokens = self._tokens(server.token_secret)
        content = Content(upload(self.config.models, model), server)
        self._serve(api, tokens, live_share(self._template(api, content, tokens)))
        url = str(api.find()["uri"])
        self._register(url)
        return Endpoint(
            url,
            model.version,
            prediction_headers(tokens),
            feedback_headers(tokens),
            replaced=Replaced(previous.model.version, previous.settings) if previous else None,
        )

    def endpoint(self) -> Endpoint:
        """See FaceDeployer."""
        api = self.api
        content = require_live(api)
        tokens = self._tokens(content.settings.token_secret)
        url = str(api.find()["uri"])
        return Endpoint(
            url, content.model.version, prediction_headers(tokens), feedback_headers(tokens)
        )

    def status(self) -> EndpointStatus:
        """See FaceDeployer."""
        return read_status(self.api)

    def start(self) -> None:
        """See FaceDeployer."""
        self._scale(AUTOMATIC)

    def stop(self) -> None:
        """See FaceDeployer."""
        self._scale(STOPPED)

    def served_version(self) -> str | None:
        """See FaceDeployer."""
        content = live_content(self.api)
        return content.model.version if content else None

    def captured(self) -> list[str]:
        """See FaceDeployer."""
        content = live_content(self.api)
        return [content.settings.capture_uri if content else self.config.captured]

    def restore(self, replaced: Replaced | None, instead_of: str) -> bool:
        """See FaceDeployer."""
        api = self.api
        if require_live(api).model.version != instead_of:
            return False
        if replaced is None:
            self._take_down(api)
            return True
        tokens = self._tokens(replaced.settings.token_secret)
        content = Content(locate(self.config.models, replaced.version), replaced.settings)
        self._serve(api, tokens, live_share(self._template(api, content, tokens)))
        return True

    def require_canary_support(self) -> None:
        """See FaceDeployer."""
        content = live_content(self.api)
        if content is None:
            raise UserError("rollout canary: there is no live version to compare with")
        if not content.settings.capture:
            raise UserError("rollout canary: capture is off, so the versions cannot be compared")

    def start_beside(self, model: ModelArtifact, share: float) -> None:
        """Let both versions answer every request, in a revision for each share.

        In both, the version that does not answer is the shadow of the other one. See FaceDeployer.

        Args:
            model: The candidate.
            share: Share of the requests to which its answer is sent; 0: only captured.
        """
        self.require_canary_support()
        api = self.api
        live = require_live(api)
        tokens = self._tokens(live.settings.token_secret)
        other, percent = upload(self.config.models, model), _percent(share)
        shadowed = Content(live.model, live.settings, other)
        shares = [Share(self._template(api, shadowed, tokens), 100 - percent, LIVE)]
        if percent:
            canary = Content(other, live.settings, live.model)
            shares.append(Share(self._template(api, canary, tokens), percent, CANARY))
        self._serve(api, tokens, shares)

    def stop_beside(self) -> None:
        """See FaceDeployer."""
        api = self.api
        live = live_content(api)
        if live is not None and live.candidate is not None:
            tokens = self._tokens(live.settings.token_secret)
            alone = Content(live.model, live.settings)
            self._serve(api, tokens, live_share(self._template(api, alone, tokens)))

    def beside(self) -> str | None:
        """See FaceDeployer."""
        live = live_content(self.api)
        return live.candidate.version if live and live.candidate else None

    def delete_models(self, versions: Collection[int]) -> int:
        """See FaceDeployer."""
        require_not_served(self, versions)
        if int(self.beside() or 0) in versions:
            self.stop_beside()
        return delete(self.config.models, versions)

    def log_files(self) -> list[Path]:
        """Return nothing: Cloud Logging keeps the logs. See FaceDeployer."""
        return []

    def retention_days(self) -> float | None:
        """See FaceDeployer."""
        content = live_content(self.api)
        return content.settings.retention_days if content else None

    def perform_delete_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> None:
        """Stop serving. The service, models and captured requests are kept.

        Args:
            service: Not used; there is one endpoint.
            timeout: Not used.
            force: Not used.
        """
        self._take_down(self.api)

    @staticmethod
    def get_model_server_info(service: BaseService) -> dict[str, str | None]:
        """Return what `zenml model-deployer models describe` prints.

        Args:
            service: The endpoint in ZenML's list of services.
        """
        assert isinstance(service, CloudRunService)
        deployer = service.deployer
        assert isinstance(deployer, CloudRunDeployer)
        content = live_content(deployer.api)
        return {
            "PREDICTION_URL": service.prediction_url,
            "SERVICE": deployer.api.name,
            "MODEL_VERSION": content.model.version if content else None,
            "MODEL": content.model.uri if content else None,
            "CAPTURED": content.settings.capture_uri if content else None,
        }

    def logs(self, tail: int) -> Iterator[str]:
        """Read the logs of all revisions. See FaceDeployer."""
        require_live(self.api)
        yield from read_logs(self.config, tail)

    def _template(self, api: CloudRun, content: Content, tokens: Tokens) -> Resource:
        versions = {
            variable: api.store_secret(SECRETS[variable], value)
            for variable, value in tokens.to_environment().items()
        }
        return make_template(self.config, self._image(), content, versions)

    def _serve(self, api: CloudRun, tokens: Tokens, shares: list[Share]) -> None:
        timeout = self.config.rollout_timeout_seconds
        roll_out(api, shares, prediction_headers(tokens), timeout)

    def _image(self) -> str:
        registry = Client().active_stack.container_registry
        if self.config.image or registry is None:
            return self.config.image
        return image_name(registry.config.uri, SERVING)

    def _scale(self, scaling: Resource) -> None:
        api = self.api
        require_live(api)
        api.update(api.find(), scaling=scaling)

    @staticmethod
    def _take_down(api: CloudRun) -> None:
        """Stop all containers, and forget which revision was live."""
        service = api.find()
        if live := live_revision(service):
            api.update(service, traffic=[target(live, 100)], scaling=STOPPED)

    def _tokens(self, secret: str) -> Tokens:
        return require_tokens(secret or self.config.token_secret, self.config.token)

    def _register(self, url: str) -> None:
        """Make the endpoint visible to `zenml model-deployer models`."""
        list_service(
            CloudRunServiceConfig(
                name=NAME,
                model_name=NAME,
                service_name=f"{self.name}-{NAME}",
                pipeline_name="deployment",
                pipeline_step_name="deploy_model",
                deployer=str(self.id),
                url=url,
            ),
            CloudRunService,
        )


def _percent(share: float) -> int:
    """Return a share of the traffic in percent: at least 1, unless it is 0."""
    return min(99, max(1, round(100 * share))) if share else 0
