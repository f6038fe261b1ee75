"""The local databases of ZenML and MLflow: made by one process at a time, whole or not at all.

Neither can mend a database whose creation was cut short, and neither expects two processes to
create it at once. So creation happens under a lock, with a mark beside the file until it is done;
who finds the mark drops the half-made file, which cannot hold anything yet.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.models import StackResponse

from stacks.readiness import mlflow_address

SQLITE = "sqlite:///"


@contextmanager
def exclusive_lock() -> Iterator[None]:
    """Hold a lock beside ZenML's configuration: one process at a time sets things up."""
    folder = Path(GlobalConfiguration().config_directory)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "faces.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def create_zenml_database() -> None:
    """Make ZenML's database if it is local and not there; turn ZenML's analytics off for good."""
    configuration = GlobalConfiguration()
    configuration.analytics_opt_in = False
    with _whole(configuration.store_configuration.url):
        _ = Client().zen_store


def create_mlflow_database(stack: StackResponse) -> None:
    """Make the database of a stack's MLflow if it is a local file and not there."""
    address = mlflow_address(stack) or ""
    if address.startswith(SQLITE) and not _complete(address):
        from mlflow import MlflowClient

        with _whole(address):
            MlflowClient(tracking_uri=address).search_experiments()


@contextmanager
def _whole(address: str) -> Iterator[None]:
    """Run the body; for a local database that is not complete, from nothing and under a mark."""
    if not address.startswith(SQLITE) or _complete(address):
        yield
        return
    database, mark = _files(address)
    database.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    for ending in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    yield
    mark.unlink()


def _complete(address: str) -> bool:
    database, mark = _files(address)
    return database.exists() and not mark.exists()


def _files(address: str) -> tuple[Path, Path]:
    database = Path(address.removeprefix(SQLITE))
    return database, database.with_name(f"{database.name}.unfinished")
