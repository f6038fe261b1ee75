"""Deploy a version to the active stack's endpoint."""

from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from components.deployers.endpoint import ModelArtifact
from components.deployers.settings import ServingSettings
from faces.errors import OperationError, UserError
from faces.runtime.portable import file_hash, write_portable
from store.materializers import RECORD
from store.records import Rollout
from store.signing import STATEMENTS
from store.versions import find_version, load_artifact


@step(enable_cache=False, output_materializers={"rollout": RECORD})
def deploy_model(version: int, serving: ServingSettings | None) -> Annotated[Rollout, "rollout"]:
    """Serve a version in place of the one that is served now, without a failed request.

    Args:
        version: Number of the version to serve.
        serving: Settings of the endpoint; None keeps those that it was deployed with.

    Returns:
        The endpoint's address, its version and the version that it replaced.

    Raises:
        UserError: If the version has no portable model, or the endpoint's settings are incomplete.
        OperationError: If the model is damaged or cannot be served. The previous one is served
            again.
    """
    endpoint = active_deployer().deploy(portable_model(version), serving)
    replaced = endpoint.replaced
    return Rollout(
        url=endpoint.url,
        version=int(endpoint.version),
        replaced=int(replaced.version) if replaced else None,
        replaced_settings=replaced.settings if replaced else None,
        note=endpoint.note,
    )


def portable_model(number: int) -> ModelArtifact:
    """Return a version's deployable file, checked against the hash recorded at training time.

    Args:
        number: The version's number.

    Raises:
        UserError: If the version does not exist or has no portable model.
        OperationError: If the file is not the one that was recorded.
    """
    version = find_version(number)
    recorded = version and version.run_metadata.get("portable_hash")
    if version is None or recorded is None:
        raise UserError(
            f"version {number} has no portable model: python run.py --pipeline training --no-cache"
        )
    data = write_portable(load_artifact(version, "portable"))
    if file_hash(data) != recorded:
        raise OperationError(
            f"version {number}: its portable model does not have the recorded hash"
        )
    statements = str(version.run_metadata.get(STATEMENTS, ""))
    return ModelArtifact(str(number), data, str(recorded), statements)
