"""The server as a ZenML service: what `zenml model-deployer models` lists, starts and stops."""

from collections.abc import Generator
from pathlib import Path
from typing import ClassVar

from zenml.enums import ServiceState
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig
from zenml.services.service import BaseDeploymentService

from components.deployers.common import find_tokens, service_state
from components.deployers.seldon_local import process
from components.deployers.seldon_local.server_log import read_log
from components.deployers.seldon_local.status import read_status
from faces.client import PREDICT
from serving.settings import ServerSettings, read_current, read_settings


class SeldonLocalServiceConfig(ServiceConfig):
    """The server's folder. It contains everything else, which may change."""

    folder: str


class SeldonLocalService(BaseDeploymentService):
    """A server on this machine."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon_local",
        type="model-serving",
        flavor="seldon_local",
        description="Seldon Core's REST wrapper on this machine",
    )
    config: SeldonLocalServiceConfig

    @property
    def folder(self) -> Path:
        """The server's folder."""
        return Path(self.config.folder)

    @property
    def settings(self) -> ServerSettings:
        """The server's settings."""
        return read_settings(self.folder)

    @property
    def model_version(self) -> str | None:
        """The version that the server serves when it runs."""
        current = read_current(self.folder)
        return current["version"] if current else None

    @property
    def prediction_url(self) -> str | None:
        """The URL of predictions."""
        return self.settings.url + PREDICT

    def check_status(self) -> tuple[ServiceState, str]:
        """Return the server's state, and what is wrong with it."""
        return service_state(lambda: read_status(self.folder))

    def provision(self) -> None:
        """Start the server, unless it is running."""
        process.resume(self.settings, find_tokens(self.settings.token_secret))

    def deprovision(self, force: bool = False) -> None:
        """Stop the server after it has answered its current requests.

        Args:
            force: Not used.
        """
        with process.exclusive_lock(self.folder):
            process.stop(self.folder)

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """Read the server's log.

        Args:
            follow: Not supported.
            tail: The number of last lines; None for the whole log.

        Yields:
            Lines of the log.
        """
        yield from read_log(self.folder, tail)
