"""Deploy to one server on this machine.

ZenML's `deploy_model` returns the old server for a new model, or deletes before it creates. The
steps therefore call `deploy`, which swaps the model of the one server.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar

from zenml.config.global_config import GlobalConfiguration
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.services import BaseService

from components.deployers.base import NOTHING_DEPLOYED, FaceDeployer, require_not_served
from components.deployers.common import (
    feedback_headers,
    find_tokens,
    list_service,
    prediction_headers,
)
from components.deployers.endpoint import Endpoint, EndpointStatus, ModelArtifact, Replaced
from components.deployers.seldon_local import process
from components.deployers.seldon_local.flavor import SeldonLocalFlavor
from components.deployers.seldon_local.model_files import (
    delete_model,
    delete_old_models,
    read_model,
)
from components.deployers.seldon_local.server_log import read_log
from components.deployers.seldon_local.service import SeldonLocalService, SeldonLocalServiceConfig
from components.deployers.seldon_local.status import (
    CANDIDATE,
    await_version,
    check_canary_support,
    read_endpoint,
    read_status,
)
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import OperationError, UserError
from faces.runtime.portable import file_hash
from serving.capture.locations import add_locations, read_locations
from serving.settings import (
    ServerSettings,
    activate_model,
    candidate_file,
    current_file,
    install_candidate,
    install_model,
    log_file,
    read_candidate,
    read_current,
    read_settings,
    settings_file,
)


class SeldonLocalDeployer(FaceDeployer):
    """Deploys to one server on this machine."""

    NAME: ClassVar[str] = "Seldon on this machine"
    FLAVOR: ClassVar[type[BaseModelDeployerFlavor]] = SeldonLocalFlavor

    @property
    def folder(self) -> Path:
        """The server's folder, among the files of ZenML's other local components."""
        return Path(GlobalConfiguration().local_stores_path) / str(self.id) / NAME

    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """See FaceDeployer."""
        with process.exclusive_lock(self.folder):
            previous, previous_settings = read_current(self.folder), self._settings()
            desired = previous_settings
            if settings is not None:
                desired = settings.for_server(NAME, str(self.folder))
            if desired is None:
                raise UserError(NOTHING_DEPLOYED)
            tokens = find_tokens(desired.token_secret)
            crashed = process.has_crashed(self.folder)
            add_locations(desired)
            self.stop_beside()
            try:
                install_model(self.folder, model.version, model.data, model.hash, model.statements)
                process.ensure_running(desired, tokens)
                await_version(desired, tokens, model.version)
            except OperationError:
                self._roll_back(previous, previous_settings)
                raise
            delete_old_models(self.folder)
        self._register()
        note = "the server had crashed and was restarted" if crashed else None
        return Endpoint(
            desired.url,
            model.version,
            prediction_headers(tokens),
            feedback_headers(tokens),
            note,
            Replaced(previous["version"], previous_settings)
            if previous and previous_settings
            else None,
        )

    def endpoint(self) -> Endpoint:
        """See FaceDeployer."""
        return read_endpoint(self.folder)

    def status(self) -> EndpointStatus:
        """See FaceDeployer."""
        return read_status(self.folder)

    def start(self) -> None:
        """See FaceDeployer."""
        read_endpoint(self.folder)
        settings = read_settings(self.folder)
        process.resume(settings, find_tokens(settings.token_secret))

    def stop(self) -> None:
        """See FaceDeployer."""
        read_endpoint(self.folder)
        with process.exclusive_lock(self.folder):
            process.stop(self.folder)

    def logs(self, tail: int) -> Iterator[str]:
        """See FaceDeployer."""
        read_endpoint(self.folder)
        yield from read_log(self.folder, tail)

    def served_version(self) -> str | None:
        """See FaceDeployer."""
        current = read_current(self.folder)
        return current["version"] if current else None

    def captured(self) -> list[str]:
        """See FaceDeployer."""
        return read_locations(self.folder)

    def restore(self, replaced: Replaced | None, instead_of: str) -> bool:
        """See FaceDeployer."""
        with process.exclusive_lock(self.folder):
            if self.served_version() != instead_of:
                return False
            self.stop_beside()
            if replaced is None:
                process.stop(self.folder)
                current_file(self.folder).unlink(missing_ok=True)
                return True
            settings, version = replaced.settings, replaced.version
            data = read_model(self.folder, version)
            tokens = find_tokens(settings.token_secret)
            install_model(self.folder, version, data, file_hash(data))
            process.ensure_running(settings, tokens)
            await_version(settings, tokens, version)
            return True

    def require_canary_support(self) -> None:
        """See FaceDeployer."""
        check_canary_support(self.folder)

    def start_beside(self, model: ModelArtifact, share: float) -> None:
        """See FaceDeployer."""
        self.require_canary_support()
        with process.exclusive_lock(self.folder):
            settings = read_settings(self.folder)
            install_candidate(
                self.folder, model.version, model.data, model.hash, share, model.statements
            )
            tokens = find_tokens(settings.token_secret)
            if process.running(self.folder):
                await_version(settings, tokens, model.version, CANDIDATE)
            delete_old_models(self.folder)

    def stop_beside(self) -> None:
        """See FaceDeployer."""
        candidate_file(self.folder).unlink(missing_ok=True)

    def beside(self) -> str | None:
        """See FaceDeployer."""
        return read_candidate(self.folder)

    def delete_models(self, versions: Collection[int]) -> int:
        """See FaceDeployer."""
        with process.exclusive_lock(self.folder):
            require_not_served(self, versions)
            if int(self.beside() or 0) in versions:
                self.stop_beside()
            files = [file for n in versions for file in self.folder.glob(f"models/{n}-*.npz")]
            for file in files:
                delete_model(file)
        return len(files)

    def log_files(self) -> list[Path]:
        """See FaceDeployer."""
        return [log_file(self.folder)]

    def retention_days(self) -> float | None:
        """See FaceDeployer."""
        settings = self._settings()
        return settings.retention_days if settings else None

    def perform_delete_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> None:
        """Stop the server and remove its models. Captured requests are kept.

        Args:
            service: The server in ZenML's list of services.
            timeout: Not used.
            force: Not used.
        """
        service.stop()
        self.stop_beside()
        for file in (*self.folder.glob("models/*"), current_file(self.folder)):
            file.unlink(missing_ok=True)
        settings_file(self.folder).unlink(missing_ok=True)

    @staticmethod
    def get_model_server_info(service: BaseService) -> dict[str, str | None]:
        """Return what `zenml model-deployer models describe` prints.

        Args:
            service: The server in ZenML's list of services.
        """
        assert isinstance(service, SeldonLocalService)
        return {
            "PREDICTION_URL": service.prediction_url,
            "PREDICTION_HOSTNAME": service.settings.host,
            "MODEL_VERSION": service.model_version,
            "CAPTURED": str(service.settings.capture_folder),
            "FOLDER": str(service.folder),
        }

    def _settings(self) -> ServerSettings | None:
        return read_settings(self.folder) if settings_file(self.folder).exists() else None

    def _roll_back(self, previous: dict[str, str] | None, settings: ServerSettings | None) -> None:
        """Serve the previous model with the previous settings; stop if there was none."""
        if previous is None or settings is None:
            current_file(self.folder).unlink(missing_ok=True)
            process.stop(self.folder)
            return
        activate_model(self.folder, previous)
        tokens = find_tokens(settings.token_secret)
        process.ensure_running(settings, tokens)
        await_version(settings, tokens, previous["version"])

    def _register(self) -> None:
        """Make the server visible to `zenml model-deployer models`."""
        config = SeldonLocalServiceConfig(
            name=NAME,
            model_name=NAME,
            service_name=f"{self.name}-{NAME}",
            pipeline_name="deployment",
            pipeline_step_name="deploy_model",
            folder=str(self.folder),
        )
        list_service(config, SeldonLocalService)
