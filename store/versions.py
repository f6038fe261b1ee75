"""Model versions in ZenML's Model Control Plane: the one place that knows how they are kept."""

from collections.abc import Sequence
from typing import Any

from zenml.client import Client
from zenml.enums import ModelStages
from zenml.exceptions import EntityExistsError
from zenml.model.utils import link_artifact_version_to_model_version
from zenml.models import ArtifactVersionResponse, ModelVersionResponse

from faces import NAME

NO_STAGE = "none"


def create_version(
    artifacts: Sequence[ArtifactVersionResponse],
    metadata: dict[str, Any],
    tags: list[str],
    description: str,
) -> ModelVersionResponse:
    """Create the next version of the model and link everything that it is made of."""
    from zenml import log_metadata

    client = Client()
    try:
        client.get_model(NAME)
    except KeyError:
        try:
            client.create_model(NAME, description="Who is on a 64 × 64 grey image of a face?")
        except EntityExistsError:
            client.get_model(NAME)
    version = client.create_model_version(NAME, description=description, tags=tags)
    for artifact in artifacts:
        link_artifact_version_to_model_version(artifact, version)
    log_metadata(metadata=metadata, model_version_id=version.id)
    return version


def find_version(number: int) -> ModelVersionResponse | None:
    """A version by its number, None if it was deleted."""
    try:
        return Client().get_model_version(NAME, number)
    except KeyError:
        return None


def all_versions() -> list[ModelVersionResponse]:
    """Every version there is, newest first; at most the newest thousand."""
    try:
        found = Client().list_model_versions(
            model=NAME, sort_by="desc:created", size=1000, hydrate=True
        )
    except KeyError:
        return []
    return list(found.items)


def production_version() -> ModelVersionResponse | None:
    """The version in production, None if there is none."""
    try:
        return Client().get_model_version(NAME, ModelStages.PRODUCTION)
    except KeyError:
        return None


def set_production_stage(
    version: ModelVersionResponse, instead_of: ModelVersionResponse | None
) -> bool:
    """Move a version into production and archive the former one, in one transaction.

    False, and nothing is moved, if another run has put its own version there in the meantime.
    """
    present = production_version()
    if (present and present.id) != (instead_of and instead_of.id):
        return False
    try:
        Client().update_model_version(
            NAME, version.id, stage=ModelStages.PRODUCTION, force=instead_of is not None
        )
    except RuntimeError:
        return False
    return True


def has_remote_artifacts(version: ModelVersionResponse) -> bool:
    """Whether a version's files are in a bucket, and not in a folder of one machine."""
    artifact = version.get_artifact("faces")
    return artifact is not None and "://" in artifact.uri


def load_artifact(version: ModelVersionResponse, name: str) -> Any:
    """Load an artifact that is linked to a version. Raises LookupError if it is missing."""
    artifact = version.get_artifact(name)
    if artifact is None:
        raise LookupError(f"version {version.number} of {NAME} has no artifact '{name}'")
    return artifact.load()
