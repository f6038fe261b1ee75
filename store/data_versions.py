"""Data versions: the faces that earlier runs have stored as artifacts."""

import json
import os

from zenml.client import Client
from zenml.models import ArtifactVersionResponse

from faces.data.dataset import Faces
from faces.errors import UserError, unknown_choice
from store.materializers.faces import SKIPPED, SKIPPED_FILE

ARTIFACT = "faces"
PREFIX = "version:"
"""What `--data` begins with if it names a data version instead of a source."""

MAX_ARTIFACTS = 1000
"""The newest artifacts are searched, up to this number."""


def is_data_version(source: str) -> bool:
    """Return whether a source names a data version.

    Args:
        source: What the user gave as `--data`.
    """
    return source.startswith(PREFIX)


def load_data_version(source: str) -> Faces:
    """Load the faces of a data version.

    Args:
        source: "version:" and the version's content hash, as `--summary` and model cards show it,
            or the beginning of the hash.

    Returns:
        The faces as they were stored; their source is the original one.

    Raises:
        UserError: If no stored data has this version, or several have it.
    """
    wanted = source.removeprefix(PREFIX)
    stored = _stored()
    matching = [version for version in stored if wanted and version.startswith(wanted)]
    if len(matching) != 1:
        problem = unknown_choice("data version", wanted, stored)
        if matching:
            problem = f"data version '{wanted}' is ambiguous: {', '.join(sorted(matching))}"
        raise UserError(f"--data {source}: {problem}")
    faces: Faces = stored[matching[0]].load()
    return faces


def read_skipped(artifact: ArtifactVersionResponse) -> list[str]:
    """Return the files of a folder that are not in a data version, with the reasons.

    Args:
        artifact: The data version.
    """
    if not artifact.run_metadata.get(SKIPPED):
        return []
    with Client().active_stack.artifact_store.open(skipped_file(artifact), "r") as file:
        skipped: list[str] = json.load(file)
    return skipped


def skipped_file(artifact: ArtifactVersionResponse) -> str:
    """Return the URI of the file that lists them.

    Args:
        artifact: The data version.
    """
    return os.path.join(artifact.uri, SKIPPED_FILE)


def _stored() -> dict[str, ArtifactVersionResponse]:
    found = Client().list_artifact_versions(
        artifact=ARTIFACT, sort_by="asc:created", size=MAX_ARTIFACTS, hydrate=True
    )
    return {str(item.run_metadata["version"]): item for item in found.items}
