"""What the steps ask of a deployer, whatever it deploys to."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from zenml.client import Client
from zenml.model_deployers import BaseModelDeployer
from zenml.services import BaseService, ServiceConfig

from components.deployers.settings import ServingSettings
from faces.errors import UserError

NOTHING_DEPLOYED = "nothing was deployed yet: python run.py --pipeline deployment"


@dataclass(frozen=True)
class ModelArtifact:
    """A portable model's file: its version, its bytes and their hash."""

    version: str
    data: bytes
    hash: str


@dataclass(frozen=True)
class Endpoint:
    """An endpoint in use: where it is, what it serves, and what a client must send along."""

    url: str
    version: str
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    """What was noticed on the way, for a person."""


class FaceDeployer(BaseModelDeployer):
    """One endpoint with a stable URL, on which one version at a time is live."""

    @abstractmethod
    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """Serve `model` in place of what is served, without failing a request.

        `settings` are those of the endpoint; None leaves it as it was deployed. If the model does
        not come up, what was served before goes on, and OperationError says why.
        """

    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Where the endpoint is now, and what it serves. Raises UserError if there is none."""

    @abstractmethod
    def served_version(self) -> str | None:
        """The version that is served, or was when the endpoint stopped; None before the first."""

    @abstractmethod
    def captured(self) -> list[str]:
        """Where captured requests are: folders, or URIs such as gs://bucket/folder."""

    @abstractmethod
    def restore(self, version: str | None) -> None:
        """Serve again a version that was served before; with None, serve nothing."""

    def perform_deploy_model(
        self, id: UUID, config: ServiceConfig, timeout: int = 0
    ) -> BaseService:
        """ZenML's own way to deploy is not offered: it cannot change a model without a gap."""
        raise NotImplementedError("use python run.py --pipeline deployment")

    def perform_start_model(self, service: BaseService, timeout: int = 0) -> BaseService:
        """Start the endpoint with the model it had."""
        service.start()
        return service

    def perform_stop_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> BaseService:
        """Stop the endpoint; it can be started again."""
        service.stop()
        return service


def active_deployer() -> FaceDeployer:
    """The active stack's deployer. Raises UserError if it is none of this project's."""
    stack = Client().active_stack
    if not isinstance(stack.model_deployer, FaceDeployer):
        raise UserError(
            f"stack '{stack.name}' has no model deployer of this project's: use --stack local, "
            "after python run.py --register-stacks"
        )
    return stack.model_deployer
