"""The deployer behind the flavor.

ZenML's own `deploy_model` returns the old server for a new model, or deletes before it creates. The
steps therefore call `deploy`, which changes the model of the one server there is.
"""

import time
from pathlib import Path
from typing import ClassVar

from zenml.config.global_config import GlobalConfiguration
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.services import BaseService

from components.deployers.base import NOTHING_DEPLOYED, Endpoint, FaceDeployer, ModelArtifact
from components.deployers.common import bearer, find_token, health, list_service
from components.deployers.seldon_local import process
from components.deployers.seldon_local.flavor import SeldonLocalFlavor
from components.deployers.seldon_local.service import SeldonLocalService, SeldonLocalServiceConfig
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
    write_settings,
)

SWITCH_TIMEOUT_SECONDS = 10.0
"""Seconds that a server may take to turn to another model."""


class SeldonLocalDeployer(FaceDeployer):
    """One server on this machine."""

    NAME: ClassVar[str] = "Seldon on this machine"
    FLAVOR: ClassVar[type[BaseModelDeployerFlavor]] = SeldonLocalFlavor

    @property
    def folder(self) -> Path:
        """The server's folder, beside what ZenML's other local components keep."""
        return Path(GlobalConfiguration().local_stores_path) / str(self.id) / NAME

    def deploy(self, model: ModelArtifact, settings: ServingSettings | None) -> Endpoint:
        """See FaceDeployer."""
        with process.exclusive_lock(self.folder):
            previous, previous_settings = read_current(self.folder), self._settings()
            wanted = previous_settings
            if settings is not None:
                wanted = settings.for_server(NAME, str(self.folder))
            if wanted is None:
                raise UserError(NOTHING_DEPLOYED)
            token = find_token(wanted.token_secret)
            note = None
            if process.has_crashed(self.folder):
                note = "the server was gone, though nobody had stopped it; it was started again"
            try:
                install_model(self.folder, model.version, model.data, model.hash)
                self._bring_up(wanted, token)
                self._wait_for(wanted, token, model.version)
            except OperationError:
                self._restore(previous, previous_settings)
                raise
        self._register()
        return Endpoint(wanted.url, model.version, bearer(token), note)

    def endpoint(self) -> Endpoint:
        """See FaceDeployer."""
        settings, current = self._settings(), read_current(self.folder)
        if settings is None or current is None:
            raise UserError(NOTHING_DEPLOYED)
        return Endpoint(settings.url, current["version"], bearer(find_token(settings.token_secret)))

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
            kept = sorted(self.folder.glob(f"models/{version}-*.npz"))
            if version is None or not kept:
                process.stop(self.folder)
                current_file(self.folder).unlink(missing_ok=True)
                return
            token = find_token(settings.token_secret)
            data = kept[-1].read_bytes()
            hash_ = file_hash(data)
            if not kept[-1].stem.endswith(hash_[:12]):
                raise OperationError(f"{kept[-1]} is damaged: version {version} cannot be put back")
            install_model(self.folder, version, data, hash_)
            self._bring_up(settings, token)
            self._wait_for(settings, token, version)

    def perform_delete_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> None:
        """Stop the server and forget its models. What was captured stays."""
        service.stop()
        for file in (*self.folder.glob("models/*.npz"), current_file(self.folder)):
            file.unlink(missing_ok=True)
        settings_file(self.folder).unlink(missing_ok=True)

    @staticmethod
    def get_model_server_info(service: BaseService) -> dict[str, str | None]:
        """What `zenml model-deployer models describe` tells."""
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

    def _bring_up(self, settings: ServerSettings, token: str | None) -> None:
        """See that a server runs, with these settings; only if they changed is it started anew."""
        if process.running(self.folder) and process.up_to_date(settings, token):
            return
        process.stop(self.folder)
        write_settings(settings)
        process.start(settings, token)

    def _wait_for(self, settings: ServerSettings, token: str | None, version: str) -> None:
        deadline = time.monotonic() + SWITCH_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            tags = health(settings.url, bearer(token))
            if tags.get("model_version") == version:
                return
            if "refused" in tags:
                raise OperationError(f"the server refused version {version}: {tags['refused']}")
            time.sleep(0.02)
        raise OperationError(
            f"the server did not turn to version {version} within {SWITCH_TIMEOUT_SECONDS:.0f} s"
        )

    def _restore(self, previous: dict[str, str] | None, settings: ServerSettings | None) -> None:
        """After a failure: the former model with the former settings, as far as there were any."""
        if previous is None or settings is None:
            current_file(self.folder).unlink(missing_ok=True)
            process.stop(self.folder)
            return
        activate_model(self.folder, previous)
        token = find_token(settings.token_secret)
        self._bring_up(settings, token)
        self._wait_for(settings, token, previous["version"])

    def _register(self) -> None:
        """Let ZenML list the server."""
        config = SeldonLocalServiceConfig(
            name=NAME,
            model_name=NAME,
            service_name=f"{self.name}-{NAME}",
            pipeline_name="deployment",
            pipeline_step_name="deploy_model",
            folder=str(self.folder),
        )
        list_service(config, SeldonLocalService)
