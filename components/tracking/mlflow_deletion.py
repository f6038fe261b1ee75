"""Delete trainings from MLflow for good: `mlflow gc` for runs, their models and their files."""

import io
from collections.abc import Collection, Iterator
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from components.sqlite import SQLITE, overwrite_freed_pages

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run
    from mlflow.store.artifact.artifact_repo import ArtifactRepository


def delete_trainings(address: str, data_versions: Collection[str]) -> int:
    """Delete the runs with one of these data versions, their registered and logged models, files.

    Args:
        address: MLflow's tracking URI.
        data_versions: Values of the tag `data_version`.

    Returns:
        The number of runs.
    """
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=address, registry_uri=address)
    runs = list(_runs(client, data_versions))
    models = [model for run in runs for model in _models(client, run)]
    for run in runs:
        for version in client.search_model_versions(f"run_id = '{run.info.run_id}'"):
            client.delete_model_version(version.name, version.version)
    if address.startswith(SQLITE):
        _delete_rows_and_files(client, address, runs, models)
    else:
        _delete_files(client, address, runs, models)
    return len(runs)


def _runs(client: "MlflowClient", data_versions: Collection[str]) -> Iterator["Run"]:
    """Find runs, also those that were marked as deleted before."""
    from mlflow.entities import ViewType

    experiments = client.search_experiments(view_type=ViewType.ALL)
    ids = [experiment.experiment_id for experiment in experiments]
    for version in data_versions:
        token = None
        while True:
            page = client.search_runs(
                ids, f"tags.data_version = '{version}'", ViewType.ALL, page_token=token
            )
            yield from page
            if not (token := page.token):
                break


def _models(client: "MlflowClient", run: "Run") -> list["LoggedModel"]:
    return list(
        client.search_logged_models(
            [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
        )
    )


def _mark_deleted(
    client: "MlflowClient", runs: Collection["Run"], models: Collection["LoggedModel"]
) -> None:
    for model in models:
        client.delete_logged_model(model.model_id)
    for run in runs:
        if run.info.lifecycle_stage != "deleted":
            client.delete_run(run.info.run_id)


def _delete_rows_and_files(
    client: "MlflowClient",
    address: str,
    runs: Collection["Run"],
    models: Collection["LoggedModel"],
) -> None:
    """Delete everything from a database on this machine.

    Models that an interrupted call has marked already are not listed any more, so everything that
    is marked is collected.
    """
    from mlflow.cli import gc

    _mark_deleted(client, runs, models)
    arguments = ["--backend-store-uri", address, "--tracking-uri", address]
    with redirect_stdout(io.StringIO()):
        gc.main(arguments, standalone_mode=False)
    overwrite_freed_pages(address)


def _delete_files(
    client: "MlflowClient",
    address: str,
    runs: Collection["Run"],
    models: Collection["LoggedModel"],
) -> None:
    """Delete files through a server; its rows hold no names and no images, only figures."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    places = [model.artifact_location for model in models]
    places += [run.info.artifact_uri for run in runs]
    for place in places:
        files: ArtifactRepository = get_artifact_repository(place, tracking_uri=address)
        files.delete_artifacts()  # type: ignore[no-untyped-call]
    _mark_deleted(client, runs, models)
