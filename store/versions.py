"""Model versions in ZenML's Model Control Plane: the one place that knows how they are stored."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from zenml import log_metadata
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.enums import ModelStages
from zenml.exceptions import EntityExistsError
from zenml.metadata.metadata_types import MetadataType
from zenml.model.utils import link_artifact_version_to_model_version
from zenml.models import ArtifactVersionResponse, ModelVersionResponse

from faces import NAME
from faces.errors import UserError

NO_STAGE = "none"
MAX_VERSIONS = 1000
"""The newest versions are listed, up to this number."""


def create_version(
    artifacts: Sequence[ArtifactVersionResponse],
    metadata: Mapping[str, MetadataType],
    tags: list[str],
    description: str,
) -> ModelVersionResponse:
    """Create the next version of the model and link its artifacts.

    Args:
        artifacts: The artifacts that the version consists of.
        metadata: Values that the dashboard shows and later runs read, by name.
        tags: Tags to find the version by.
        description: One line for the dashboard.

    Returns:
        The version, in no stage yet.
    """
    client = Client()
    _ensure_model(client)
    version = client.create_model_version(NAME, description=description, tags=tags)
    for artifact in artifacts:
        link_artifact_version_to_model_version(artifact, version)
    log_metadata(metadata=dict(metadata), model_version_id=version.id)
    return version


def find_version(number: int) -> ModelVersionResponse | None:
    """Return a version.

    Args:
        number: Its number.

    Returns:
        The version, None if it was deleted.
    """
    try:
        return Client().get_model_version(NAME, number)
    except KeyError:
        return None


def require_version(number: int) -> ModelVersionResponse:
    """Return a version that must exist.

    Args:
        number: Its number.

    Returns:
        The version.

    Raises:
        UserError: If it was deleted.
    """
    version = find_version(number)
    if version is None:
        raise UserError(f"version {number} of {NAME} was deleted: train and deploy another")
    return version


def all_versions() -> list[ModelVersionResponse]:
    """Return the versions, newest first."""
    try:
        page = Client().list_model_versions(
            model=NAME, sort_by="desc:created", size=MAX_VERSIONS, hydrate=True
        )
    except KeyError:
        return []
    return list(page.items)


def production_version() -> ModelVersionResponse | None:
    """Return the version in production, None if there is none.

    If two machines have promoted at the same time, the newest of their versions stays in
    production, and the others are archived.
    """
    try:
        return Client().get_model_version(NAME, ModelStages.PRODUCTION)
    except KeyError:
        return None
    except RuntimeError:  # there are several
        client = Client()
        promoted = client.list_model_versions(NAME, stage=ModelStages.PRODUCTION).items
        *others, newest = sorted(promoted, key=lambda version: version.number)
        for version in others:
            client.update_model_version(NAME, version.id, stage=ModelStages.ARCHIVED, force=True)
        return newest


def set_production_stage(
    version: ModelVersionResponse, instead_of: ModelVersionResponse | None
) -> bool:
    """Move a version into production and archive the previous one.

    ZenML looks for a version in production and then changes stages; on one machine, a lock keeps
    others from promoting in between.

    Args:
        version: The version to move.
        instead_of: The version that the caller found in production, None if there was none.

    Returns:
        False, and nothing is moved, if another run has changed production in the meantime.
    """
    with FileLock(Path(GlobalConfiguration().config_directory) / "faces-production.lock"):
        current = production_version()
        if (current and current.id) != (instead_of and instead_of.id):
            return False
        try:
            Client().update_model_version(
                NAME, version.id, stage=ModelStages.PRODUCTION, force=instead_of is not None
            )
        except RuntimeError:
            return False
        return True


def has_remote_artifacts(version: ModelVersionResponse) -> bool:
    """Return whether a version's files are in a bucket, not in a folder of one machine.

    Args:
        version: The version; its training data are looked up.

    Returns:
        False also if the version has no training data.
    """
    artifact = version.get_artifact("faces")
    return artifact is not None and "://" in artifact.uri


def load_artifact(version: ModelVersionResponse, name: str) -> Any:
    """Load an artifact that is linked to a version.

    Args:
        version: The version.
        name: The artifact's name, such as "faces" or "model".

    Returns:
        The artifact, as its materializer loads it.

    Raises:
        LookupError: If the version has no such artifact.
    """
    artifact = version.get_artifact(name)
    if artifact is None:
        raise LookupError(f"version {version.number} of {NAME} has no artifact '{name}'")
    return artifact.load()


def artifacts_of(version: ModelVersionResponse) -> list[ArtifactVersionResponse]:
    """Return the artifacts that a version consists of.

    Args:
        version: The version.
    """
    linked = Client().list_artifact_versions(model_version_id=version.id, size=MAX_VERSIONS)
    return list(linked.items)


def _ensure_model(client: Client) -> None:
    try:
        client.get_model(NAME)
    except KeyError:
        try:
            client.create_model(
                NAME, description="Identifies the person in a 64 × 64 grey image of a face."
            )
        except EntityExistsError:
            client.get_model(NAME)
