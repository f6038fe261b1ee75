"""ZenML's local database and the tracker's local storage, set up by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration

from components.sqlite import complete_creation


@contextmanager
def exclusive_lock() -> Iterator[None]:
    """Let one process at a time create databases: a lock next to ZenML's configuration.

    Neither ZenML nor MLflow expects two processes to create its database at the same time.
    """
    folder = Path(GlobalConfiguration().config_directory)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "faces.lock"):
        yield


def create_zenml_database() -> None:
    """Create ZenML's database if it is local and missing; turn ZenML's analytics off for good."""
    configuration = GlobalConfiguration()
    configuration.analytics_opt_in = False
    with complete_creation(configuration.store_configuration.url):
        _ = Client().zen_store
