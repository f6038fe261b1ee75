"""Put a version live on the active stack's endpoint."""

from typing import Annotated, Any

from zenml import step

from components.deployers.base import ModelArtifact, active_deployer
from components.deployers.settings import ServingSettings
from faces.errors import OperationError, UserError
from faces.runtime.portable import PortableModel, file_hash, write_portable
from store.versions import find_version, load_artifact


@step(enable_cache=False)
def deploy_model(
    version: int, endpoint: dict[str, Any] | None
) -> Annotated[dict[str, Any], "live"]:
    """Serve a version in place of what is served; without `endpoint`, where that is served now."""
    deployer = active_deployer()
    replaced = deployer.served_version()
    settings = None if endpoint is None else ServingSettings.model_validate(endpoint)
    live = deployer.deploy(portable_model(version), settings)
    return {"url": live.url, "version": live.version, "replaced": replaced, "note": live.note}


def portable_model(number: int) -> ModelArtifact:
    """A version's file for an endpoint, checked against the hash that training recorded."""
    version = find_version(number)
    recorded = version and version.run_metadata.get("portable_hash")
    if version is None or recorded is None:
        raise UserError(
            f"version {number} has no portable model: python run.py --pipeline training --no-cache"
        )
    portable: PortableModel = load_artifact(version, "portable")
    data = write_portable(portable)
    if file_hash(data) != recorded:
        raise OperationError(
            f"version {number}: its portable model is not the one that was recorded"
        )
    return ModelArtifact(str(number), data, str(recorded))
