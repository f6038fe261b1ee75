"""Write down that a version is live; after a rollback it is in production, too."""

import getpass
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.client import Client

from faces.errors import OperationError
from store.deployments import DEPLOYMENT
from store.production import ROLLED_BACK, set_production, sync_registry_alias
from store.versions import find_version, production_version


@step(enable_cache=False)
def record_deployment(
    live: dict[str, Any], largest_difference: float
) -> Annotated[dict[str, Any], DEPLOYMENT]:
    """Who put which version live, when, in place of which."""
    return _record("deployment", live, "it is the version in production", largest_difference)


@step(enable_cache=False)
def record_rollback(
    live: dict[str, Any], largest_difference: float, reason: str
) -> Annotated[dict[str, Any], DEPLOYMENT]:
    """Move production to the version that is live again; write down who, when and why."""
    version, left = find_version(int(live["version"])), production_version()
    assert version is not None
    if left is None or left.id != version.id:
        if not set_production(version, instead_of=left):
            raise OperationError("production moved meanwhile: look, and roll back again")
        if left is not None:
            log_metadata(metadata={ROLLED_BACK: reason}, model_version_id=left.id)
    sync_registry_alias()
    return _record("rollback", live, reason, largest_difference)


def _record(
    kind: str, live: dict[str, Any], reason: str, largest_difference: float
) -> dict[str, Any]:
    record = {
        **live,
        "kind": kind,
        "reason": reason,
        "who": _who(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "largest_difference": largest_difference,
    }
    kept = {name: value for name, value in record.items() if value is not None}
    stack = str(Client().active_stack_model.id)
    log_metadata(metadata={**kept, "stack": stack}, artifact_name=DEPLOYMENT, infer_artifact=True)
    return record


def _who() -> str:
    name = Client().active_user.name
    with suppress(OSError, KeyError):
        return f"{getpass.getuser()} ({name} in ZenML)"
    return name
