"""What steps ask of a deployer, whichever platform it deploys to."""

from abc import abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NoReturn
from uuid import UUID

from zenml.client import Client
from zenml.model_deployers import BaseModelDeployer
from zenml.services import BaseService, ServiceConfig

from components.deployers.endpoint import Endpoint, EndpointStatus, ModelArtifact, Replaced
from components.deployers.settings import ServingSettings
from faces.errors import OperationError, UserError

NOTHING_DEPLOYED = "nothing is deployed yet: python run.py --pipeline deployment"


class FaceDeployer(BaseModelDeployer):
    """One endpoint with a stable URL that serves one version at a time."""

    @abstractmethod
    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """Serve a model in place of the present one, without a failed request.

        Args:
            model: The model to serve.
            settings: Settings of the endpoint; None keeps those of the present deployment.

        Returns:
            The endpoint.

        Raises:
            UserError: If `settings` is None and nothing is deployed, or a token is missing.
            OperationError: If the model cannot be served. The previous one is served again.
        """

    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Return the present endpoint.

        Raises:
            UserError: If nothing is deployed.
        """

    @abstractmethod
    def status(self) -> EndpointStatus:
        """Return the state of the present endpoint.

        Raises:
            UserError: If nothing is deployed.
            OperationError: If the platform does not respond.
        """

    @abstractmethod
    def start(self) -> None:
        """Start the endpoint with the version that it served, unless it is running.

        Raises:
            UserError: If nothing is deployed.
            OperationError: If it does not start.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop the endpoint, if it is running. It can be started again.

        Raises:
            UserError: If nothing is deployed.
            OperationError: If it cannot be stopped.
        """

    @abstractmethod
    def logs(self, tail: int) -> Iterator[str]:
        """Read the logs of the endpoint.

        Args:
            tail: The number of last lines, of each pod if there are several.

        Yields:
            Lines of the log.

        Raises:
            UserError: If nothing is deployed.
        """

    @abstractmethod
    def served_version(self) -> str | None:
        """Return the served version, also while the endpoint is stopped; None before the first."""

    @abstractmethod
    def captured(self) -> list[str]:
        """Return where captured requests are: folders, or URIs such as gs://bucket/folder."""

    @abstractmethod
    def restore(self, replaced: Replaced | None, instead_of: str) -> bool:
        """Serve a version that was served before, with the settings that it was served with.

        Args:
            replaced: The version and its settings; None ends the endpoint.
            instead_of: The version that must still be served. If another run has deployed a
                different one meanwhile, nothing is changed.

        Returns:
            Whether it was restored.

        Raises:
            OperationError: If its file is missing or damaged, or it cannot be served.
        """

    def require_canary_support(self) -> None:
        """Check that a candidate can answer beside the served version on this platform.

        Raises:
            UserError: If it cannot.
        """
        raise UserError(
            "rollout canary: this stack's endpoint cannot compare two versions on the same "
            "requests: use --rollout direct, which replaces pods one by one"
        )

    def start_beside(self, model: ModelArtifact, share: float) -> None:
        """Let a candidate answer beside the served version.

        Args:
            model: The candidate.
            share: Share of the requests to which its answer is sent; 0: only captured.

        Raises:
            UserError: If this platform cannot, or nothing is deployed.
            OperationError: If the candidate cannot be loaded.
        """
        self.require_canary_support()

    def stop_beside(self) -> None:
        """End what `start_beside` started, if anything did."""

    def beside(self) -> str | None:
        """Return the version that answers beside the served one, None if there is none."""
        return None

    @abstractmethod
    def delete_models(self, versions: Collection[int]) -> int:
        """Delete the files of versions that are not served any more, so they cannot be restored.

        Args:
            versions: Numbers of versions.

        Returns:
            The number of files that were deleted.

        Raises:
            OperationError: If one of the versions is served.
        """

    @abstractmethod
    def log_files(self) -> list[Path]:
        """Return the endpoint's log files on this machine; none if the platform keeps its logs."""

    @abstractmethod
    def retention_days(self) -> float | None:
        """Return after how many days captured requests expire; None before the first deployment."""

    def perform_deploy_model(self, id: UUID, config: ServiceConfig, timeout: int = 0) -> NoReturn:
        """Refuse ZenML's own call, which cannot replace a model without downtime.

        Args:
            id: Not used.
            config: Not used.
            timeout: Not used.

        Raises:
            NotImplementedError: Always, with the command to use instead.
        """
        raise NotImplementedError("use python run.py --pipeline deployment")

    def perform_start_model(self, service: BaseService, timeout: int = 0) -> BaseService:
        """Start the endpoint with the model that it served.

        Args:
            service: The endpoint in ZenML's list of services.
            timeout: Not used; the deployer has its own timeout.

        Returns:
            The started service.
        """
        service.start()
        return service

    def perform_stop_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> BaseService:
        """Stop the endpoint. It can be started again.

        Args:
            service: The endpoint in ZenML's list of services.
            timeout: Not used; the deployer has its own timeout.
            force: Not used.

        Returns:
            The stopped service.
        """
        service.stop()
        return service


def require_not_served(deployer: FaceDeployer, versions: Collection[int]) -> None:
    """Check that none of some versions is served.

    Args:
        deployer: The deployer.
        versions: Numbers of versions.

    Raises:
        OperationError: If one of them is served.
    """
    served = deployer.served_version()
    if served is not None and int(served) in versions:
        raise OperationError(f"version {served} is still served: its file cannot be deleted")


def active_deployer() -> FaceDeployer:
    """Return the active stack's deployer.

    Raises:
        UserError: If it is not one of this project, or no pipeline has run yet.
    """
    stack = Client().active_stack
    if stack.name == "default":  # until the first run of a pipeline selects another one
        raise UserError(NOTHING_DEPLOYED)
    if not isinstance(stack.model_deployer, FaceDeployer):
        raise UserError(
            f"stack '{stack.name}' has no model deployer of this project: use --stack local, "
            "after python run.py --register-stacks"
        )
    return stack.model_deployer
