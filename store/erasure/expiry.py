"""Copies of production faces that are older than they may be kept."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from zenml.models import ArtifactVersionResponse

from store.erasure.inventory import FACES, FIGURES, OF_MANY_RUNS, WINDOW, artifacts_named
from store.materializers.faces import FROM_PRODUCTION, OLDEST
from store.versions import all_versions, artifacts_of, find_version

NANOSECONDS = 1_000_000_000


@dataclass
class Expired:
    """What holds faces that have expired.

    Attributes:
        versions: Numbers of model versions that learned from them and that nothing needs.
        data_versions: Content hashes of the data of these versions.
        runs: Ids of the pipeline runs that left windows or data versions with them.
        artifacts: What these runs left, except for figures and for what is needed; and old pages
            and monitors.
        needed: Data with such faces that stays, because a version that is needed learned from it.
    """

    versions: set[int] = field(default_factory=set)
    data_versions: set[str] = field(default_factory=set)
    runs: set[UUID] = field(default_factory=set)
    artifacts: list[ArtifactVersionResponse] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)


def find_expired(before: datetime, needed: Collection[int]) -> Expired:
    """Find what holds faces that were captured before a moment.

    Args:
        before: The moment.
        needed: Numbers of versions that stay complete: live, in production, or to roll back to.

    Returns:
        What can be deleted, and what is needed.
    """
    found = Expired()
    _search_windows(found, before)
    _search_data(found, before, needed)
    for name in OF_MANY_RUNS:
        found.artifacts += [item for item in artifacts_named(name) if _created(item) < before]
    if found.runs:
        versions = filter(None, map(find_version, needed))
        kept = {artifact.id for version in versions for artifact in artifacts_of(version)}
        found.artifacts += [
            artifact
            for artifact in artifacts_named("")
            if artifact.producer_pipeline_run_id in found.runs
            and artifact.name not in FIGURES
            and artifact.id not in kept
        ]
    return found


def _search_windows(found: Expired, before: datetime) -> None:
    moment = before.timestamp() * NANOSECONDS
    for window in artifacts_named(WINDOW):
        oldest = cast(int | None, window.run_metadata.get(OLDEST))
        if oldest is not None and oldest < moment and window.producer_pipeline_run_id:
            found.runs.add(window.producer_pipeline_run_id)


def _search_data(found: Expired, before: datetime, needed: Collection[int]) -> None:
    """Search data versions that were extended before the moment: their faces are older still."""
    numbers = {str(v.run_metadata.get("data_version")): v.number for v in all_versions()}
    for data in artifacts_named(FACES):
        images, version = data.run_metadata.get(FROM_PRODUCTION), data.run_metadata["version"]
        if not images or _created(data) >= before:
            continue
        number = numbers.get(str(version))
        if number in needed:
            found.needed.append(
                f"{images} production images in data version {version}: version {number} of the "
                "model learned from them and is needed"
            )
        elif data.producer_pipeline_run_id:
            found.runs.add(data.producer_pipeline_run_id)
            found.data_versions.add(str(version))
            found.versions.update(filter(None, [number]))


def _created(artifact: ArtifactVersionResponse) -> datetime:
    created = artifact.created
    return created if created.tzinfo else created.replace(tzinfo=UTC)
