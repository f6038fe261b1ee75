"""Delete copies of production faces that are older than they may be kept."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from zenml import step
from zenml.client import Client

from components import clouds
from components.deployers.base import active_deployer
from components.tracking.base import active_tracker
from faces.dates import parse_moment
from serving.capture.removal import remove_captured
from steps.erasure.freed_pages import overwrite_freed_zenml_pages
from store.deployments import now, previously_live
from store.erasure import deletion
from store.erasure.expiry import Expired, find_expired
from store.materializers import RECORD
from store.records import ErasureReceipt
from store.run_metadata import describe_run
from store.versions import production_version

EXPIRY_RECEIPT = "expiry_receipt"


@step(enable_cache=False, output_materializers={EXPIRY_RECEIPT: RECORD})
def expire_copies(before: str | None) -> Annotated[ErasureReceipt, EXPIRY_RECEIPT]:
    """Delete windows, pages, and data versions with production faces that have expired.

    What the live version, the one in production or the one to roll back to needs stays, and the
    receipt lists it. All other versions that learned from expired faces are deleted.

    Args:
        before: Faces that were captured before this moment have expired, ISO 8601 in UTC; None for
            the endpoint's `retention_days`.

    Returns:
        The receipt: what was removed where, and what is needed.
    """
    deployer = active_deployer()
    served, production = deployer.served_version(), production_version()
    live = int(served) if served else None
    numbers = {live, previously_live(live), production.number if production else None}
    needed = {number for number in numbers if number is not None}
    moment = _moment(before, deployer.retention_days())
    found = find_expired(moment, needed) if moment else Expired()
    removed: dict[str, int] = {}
    if moment and before:
        seconds = moment.timestamp()
        removed["captured requests"] = remove_captured(
            deployer.captured(), lambda record: float(record.head["time"]) < seconds
        )
    if found.artifacts:
        removed |= {place: remove() for place, remove in _removals(found).items()}
        deletion.delete_artifacts(found.artifacts)
        clouds.delete_noncurrent(Client().active_stack.artifact_store.path)
        overwrite_freed_zenml_pages()
    receipt = ErasureReceipt(
        when=now(),
        subjects=(f"captured before {moment.isoformat(timespec='seconds')}",) if moment else (),
        versions=tuple(sorted(found.versions)),
        live=live,
        removed=removed,
        remains=tuple(found.needed),
    )
    if removed or found.needed:
        describe_run("expired", {**removed, "needed": list(receipt.remains)})
    return receipt


def _moment(before: str | None, retention_days: float | None) -> datetime | None:
    """Return the moment before which faces have expired; None if nothing was ever deployed."""
    if before:
        return parse_moment("--before", before)
    if retention_days is None:
        return None
    return datetime.now(UTC) - timedelta(days=retention_days)


def _removals(found: Expired) -> Mapping[str, Callable[[], int]]:
    """Return what removes from each place, and counts. Artifacts, which are found by, come last."""
    return {
        "model files of the endpoint": lambda: active_deployer().delete_models(found.versions),
        "runs of the tracker": lambda: active_tracker().delete_trainings(found.data_versions),
        "model versions": lambda: deletion.delete_versions(found.versions),
        "log files of runs": lambda: deletion.delete_logs(found.runs),
        "artifacts of runs": lambda: len(found.artifacts),
    }
