"""Alerts as lines in a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pydantic import Field
from zenml.alerter import BaseAlerter, BaseAlerterFlavor
from zenml.alerter.base_alerter import BaseAlerterConfig, BaseAlerterStepParameters
from zenml.config.global_config import GlobalConfiguration


class LogConfig(BaseAlerterConfig):
    """Configuration of the flavor `log`."""

    file: str = Field(
        default="", description="file for the alerts; '': alerts.log in ZenML's configuration"
    )

    @property
    def is_local(self) -> bool:
        """Whether it works on this machine only."""
        return True


class LogAlerter(BaseAlerter):
    """Appends one line with the time for each alert."""

    @property
    def file(self) -> Path:
        """The file that alerts are appended to."""
        configured = cast(LogConfig, self.config).file
        folder = Path(GlobalConfiguration().config_directory)
        return Path(configured).expanduser() if configured else folder / "alerts.log"

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Append a message to the file.

        Args:
            message: The alert; line breaks become spaces.
            params: Not used.

        Returns:
            Whether the file could be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            with self.file.open("a") as file:
                file.write(f"{now}  {' '.join(message.split())}\n")
        except OSError:
            return False
        return True


class LogFlavor(BaseAlerterFlavor):
    """A log file."""

    @property
    def name(self) -> str:
        """The flavor's name in a stack's YAML."""
        return "log"

    @property
    def config_class(self) -> type[LogConfig]:
        """Class of the configuration."""
        return LogConfig

    @property
    def implementation_class(self) -> type[LogAlerter]:
        """Class of the alerter."""
        return LogAlerter
