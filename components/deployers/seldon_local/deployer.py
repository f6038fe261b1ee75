"""Deploy to one server on this machine.

ZenML's `deploy_model` returns the old server for a new model, or deletes before it creates. The
steps therefore call `deploy`, which swaps the model of the one server.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from zenml.config.global_config import GlobalConfiguration
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.services import BaseService

from components.deployers.base import (
    NOTHING_DEPLOYED,
    Endpoint,
    EndpointStatus,
    FaceDeployer,
    ModelArtifact,
)
from components.deployers.common import (
    feedback_headers,
    find_tokens,
    health,
    list_service,
    prediction_headers,
)
from components.deployers.seldon_local import process
from components.deployers.seldon_local.flavor import SeldonLocalFlavor
from components.deployers.seldon_local.service import SeldonLocalService, SeldonLocalServiceConfig
from components.deployers.seldon_local.status import read_endpoint, read_status
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import OperationError, UserError
from faces.runtime.portable import file_hash
from serving.settings import (
    ServerSettings,
    activate_model,
    current_file,
    install_model,
    read_current,
    read_settings,
    settings_file,
)
from serving.tokens import Tokens

SWITCH_TIMEOUT_SECONDS = 10.0
"""How long a server may take to serve another model."""

POLL_SECONDS = 0.02


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
            try:
                install_model(self.folder, model.version, model.data, model.hash)
                process.ensure_running(desired, tokens)
                _await_version(desired, tokens, model.version)
            except OperationError:
                self._roll_back(previous, previous_settings)
                raise
        self._register()
        note = "the server had crashed and was restarted" if crashed else None
        return Endpoint(
            desired.url, model.version, prediction_headers(tokens), feedback_headers(tokens), note
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
        yield from process.read_log(self.folder, tail)

    def served_version(self) -> str | None:
        """See FaceDeployer."""
        current = read_current(self.folder)
        return current["version"] if current else None

    def captured(self) -> list[str]:
        """See FaceDeployer."""
        settings = self._settings()
        if settings is None:
            return [str(folder)] if (folder := self.folder / "captured").exists() else []
        return [str(settings.capture_folder)] + [settings.capture_uri] * settings.remote

    def restore(self, version: str | None) -> None:
        """See FaceDeployer."""
        settings = self._settings()
        assert settings is not None
        with process.exclusive_lock(self.folder):
            files = sorted(self.folder.glob(f"models/{version}-*.npz"))
            if version is None or not files:
                process.stop(self.folder)
                current_file(self.folder).unlink(missing_ok=True)
                return
            tokens = find_tokens(settings.token_secret)
            data = files[-1].read_bytes()
            model_hash = file_hash(data)
            if not files[-1].stem.endswith(model_hash[:12]):
                raise OperationError(
                    f"{files[-1]} is damaged: version {version} cannot be restored"
                )
            install_model(self.folder, version, data, model_hash)
            process.ensure_running(settings, tokens)
            _await_version(settings, tokens, version)

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
        for file in (*self.folder.glob("models/*.npz"), current_file(self.folder)):
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
        _await_version(settings, tokens, previous["version"])

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


def _await_version(settings: ServerSettings, tokens: Tokens | None, version: str) -> None:
    """Wait until the server serves a version. Raises OperationError if it refuses it."""
    deadline = time.monotonic() + SWITCH_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        tags = health(settings.url, prediction_headers(tokens))
        if tags.get("model_version") == version:
            return
        if "refused" in tags:
            raise OperationError(f"the server refused version {version}: {tags['refused']}")
        time.sleep(POLL_SECONDS)
    raise OperationError(
        f"the server did not serve version {version} within {SWITCH_TIMEOUT_SECONDS:.0f} s"
    )
