"""Alerts as lines in a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from zenml.alerter import BaseAlerter, BaseAlerterFlavor
from zenml.alerter.base_alerter import BaseAlerterConfig, BaseAlerterStepParameters
from zenml.config.global_config import GlobalConfiguration


class LogConfig(BaseAlerterConfig):
    """`file`: where to; alerts.log in ZenML's configuration folder if it is empty."""

    file: str = ""

    @property
    def is_local(self) -> bool:
        """It writes on this machine."""
        return True


class LogAlerter(BaseAlerter):
    """Appends a line with the time for each alert."""

    @property
    def file(self) -> Path:
        """Where the lines are."""
        chosen = cast(LogConfig, self.config).file
        folder = Path(GlobalConfiguration().config_directory)
        return Path(chosen).expanduser() if chosen else folder / "alerts.log"

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Write it down; False if that cannot be done."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            with self.file.open("a") as file:
                file.write(f"{now}  {' '.join(message.split())}\n")
        except OSError:
            return False
        return True


class LogFlavor(BaseAlerterFlavor):
    """A file."""

    @property
    def name(self) -> str:
        """The name in a stack's YAML."""
        return "log"

    @property
    def config_class(self) -> type[LogConfig]:
        """Its configuration."""
        return LogConfig

    @property
    def implementation_class(self) -> type[LogAlerter]:
        """The alerter."""
        return LogAlerter
