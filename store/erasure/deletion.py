"""Delete artifacts, logs, runs and model versions from ZenML for good, with their files."""

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from uuid import UUID

from zenml.artifact_stores import BaseArtifactStore
from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import ArtifactVersionResponse, PipelineRunResponse
from zenml.stack import StackComponent

from store.erasure.inventory import PAGE_SIZE, mentions
from store.versions import find_version


def delete_artifacts(artifacts: Iterable[ArtifactVersionResponse]) -> None:
    """Delete the files of artifacts, and then their records.

    ZenML's client refuses to delete artifacts of runs that stay. These runs stay, because their
    decisions and deployments do.

    Args:
        artifacts: Artifacts of any store of any stack.
    """
    for artifact in artifacts:
        if artifact.artifact_store_id is not None:
            _delete_files(artifact.artifact_store_id, artifact.uri)
        Client().zen_store.delete_artifact_version(artifact.id)


def delete_logs(runs: Iterable[UUID]) -> int:
    """Delete the log files of runs and of their steps.

    Args:
        runs: Ids of runs.

    Returns:
        The number of files.
    """
    count = 0
    for identifier in runs:
        run = Client().get_pipeline_run(identifier)
        logs = [run.log_collection, *(step.log_collection for step in run.steps.values())]
        for collection in logs:
            for log in collection or ():
                if log.uri and log.artifact_store_id:
                    count += _delete_files(log.artifact_store_id, log.uri)
    return count


def delete_runs_that_mention(names: Collection[str]) -> int:
    """Delete the runs with a name in their settings or figures.

    Args:
        names: Names of people.

    Returns:
        The number of runs.
    """
    runs = [run for run in _all_runs() if mentions(run.model_dump_json(), names)]
    for run in runs:
        Client().delete_pipeline_run(run.id)
    return len(runs)


def delete_versions(numbers: Iterable[int]) -> int:
    """Delete model versions, unless they were deleted before.

    Args:
        numbers: Their numbers.

    Returns:
        The number of versions that were deleted now.
    """
    versions = [version for number in numbers if (version := find_version(number))]
    for version in versions:
        Client().delete_model_version(version.id)
    return len(versions)


def artifact_roots(artifacts: Iterable[ArtifactVersionResponse]) -> set[str]:
    """Return the roots of the artifact stores that artifacts are in.

    Args:
        artifacts: Artifacts of any store of any stack.
    """
    stores = {artifact.artifact_store_id for artifact in artifacts}
    return {_store(identifier).path for identifier in stores if identifier is not None}


def _all_runs() -> Iterator[PipelineRunResponse]:
    page = 1
    while True:
        found = Client().list_pipeline_runs(
            sort_by="asc:created", page=page, size=PAGE_SIZE, hydrate=True
        )
        yield from found.items
        if page >= found.total_pages:
            return
        page += 1


def _delete_files(store: UUID, uri: str) -> bool:
    files = _store(store)
    if files.isdir(uri):
        files.rmtree(uri)
    elif files.exists(uri):
        files.remove(uri)
    else:
        return False
    return True


@cache
def _store(identifier: UUID) -> BaseArtifactStore:
    model = Client().get_stack_component(StackComponentType.ARTIFACT_STORE, identifier)
    store = StackComponent.from_model(model)
    assert isinstance(store, BaseArtifactStore)
    return store
