"""Delete artifacts, logs, runs and model versions from ZenML for good, with their files."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from uuid import UUID

from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.models import ArtifactVersionResponse, PipelineRunResponse

from store.data_versions import read_skipped, skipped_file
from store.erasure.inventory import FACES, PAGE_SIZE, artifacts_named, mentions
from store.versions import find_version

DELETE_ORPHANS = (
    "DELETE FROM run_metadata WHERE id NOT IN (SELECT run_metadata_id FROM run_metadata_resource)"
)
"""ZenML keeps the metadata of deleted runs, artifacts and versions; this statement deletes it."""


def delete_artifacts(artifacts: Iterable[ArtifactVersionResponse]) -> None:
    """Delete the files of artifacts of the active stack, and then their records.

    ZenML refuses to delete records of artifacts whose runs stay. These runs stay, because their
    decisions and deployments do. With a local database the records are deleted all the same; a
    server keeps them: counts, and the hash of a data version.

    Args:
        artifacts: Artifacts in the active stack's store.
    """
    for artifact in artifacts:
        _delete_files(artifact.uri)
        with suppress(ValueError):
            Client().zen_store.delete_artifact_version(artifact.id)


def delete_logs(runs: Iterable[UUID]) -> int:
    """Delete the log files of runs and of their steps from the active stack's artifact store.

    Args:
        runs: Ids of runs.

    Returns:
        The number of files.
    """
    count, store = 0, Client().active_stack.artifact_store.id
    for identifier in runs:
        run = Client().get_pipeline_run(identifier)
        logs = [run.log_collection, *(step.log_collection for step in run.steps.values())]
        for collection in logs:
            for log in collection or ():
                if log.uri and log.artifact_store_id == store:
                    count += _delete_files(log.uri)
    return count


def delete_runs_that_mention(names: Collection[str]) -> int:
    """Delete the runs with a name in what was recorded about them, and their log files.

    That is a gate's reason, or the error of a step, which may name a file.

    Args:
        names: Names of people.

    Returns:
        The number of runs.
    """
    runs = [run for run in _all_runs() if mentions(_recorded_texts(run), names)]
    delete_logs(run.id for run in runs)
    for run in runs:
        snapshot = run.snapshot
        Client().delete_pipeline_run(run.id)
        if snapshot is not None:  # it has the run's parameters
            with suppress(KeyError):
                Client().zen_store.delete_snapshot(snapshot.id)
    return len(runs)


def remove_skipped_files(names: Collection[str]) -> int:
    """Remove the files of people from what data versions list as not used.

    Such a data version need not contain the people: perhaps none of their files was usable.

    Args:
        names: Names of people.

    Returns:
        The number of files.
    """
    count, store = 0, Client().active_stack.artifact_store
    for artifact in artifacts_named(FACES):
        with suppress(FileNotFoundError):
            skipped = read_skipped(artifact)
            kept = [text for text in skipped if not mentions(text, names)]
            if len(kept) < len(skipped):
                with store.open(skipped_file(artifact), "w") as file:
                    json.dump(kept, file)
                count += len(skipped) - len(kept)
    return count


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


def _recorded_texts(run: PipelineRunResponse) -> str:
    """Return what was recorded about a run, and the errors of its steps if it failed."""
    errors = [run.exception_info]
    if run.status == ExecutionStatus.FAILED:
        errors += [step.exception_info for step in run.steps.values()]
    return repr((run.run_metadata, run.config.parameters, errors))


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


def _delete_files(uri: str) -> bool:
    files = Client().active_stack.artifact_store
    if files.isdir(uri):
        files.rmtree(uri)
    elif files.exists(uri):
        files.remove(uri)
    else:
        return False
    return True
