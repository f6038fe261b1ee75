"""Erase people and requests from every store, and write the receipt."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from zenml import step
from zenml.client import Client

from components import clouds
from components.alerters.log import LogAlerter
from components.deployers.base import active_deployer
from components.tracking.base import active_tracker
from faces.data.sources import credit
from steps.erasure.captured import remove_requests
from steps.erasure.freed_pages import overwrite_freed_zenml_pages
from steps.erasure.logs import remove_lines
from store.batch_results import delete_kept_results
from store.deployments import now
from store.enrolled_people import delete_enrolled
from store.erasure import deletion
from store.erasure.inventory import Inventory, take_inventory
from store.erasure.register import (
    PendingErasure,
    drop_names,
    finish_erasure,
    pending_erasure,
    record_found,
)
from store.materializers import RECORD
from store.records import ErasureReceipt
from store.run_metadata import describe_run

ERASURE_RECEIPT = "erasure_receipt"
VERSIONS, ARTIFACTS, EVIDENCE = "model versions", "artifacts of runs", "data versions and windows"


@step(enable_cache=False, output_materializers={ERASURE_RECEIPT: RECORD})
def erase_copies() -> Annotated[ErasureReceipt, ERASURE_RECEIPT]:
    """Delete everything that is left of the people and requests, and then their names.

    Data versions and windows, by which all else is found, are deleted last, and then the names. So
    if this is killed, the next run finds what remains.

    Returns:
        The receipt: what was removed where, without names.

    Raises:
        OperationError: If a version that learned from them is still served.
        TimeoutError: If the server does not close its capture files.
    """
    found = take_inventory(pending_erasure())
    counts = {ARTIFACTS: len(found.artifacts), EVIDENCE: len(found.evidence)}
    pending = record_found(found.versions, found.data_versions, counts)
    for place, remove in _removals(pending, found).items():
        record_found((), (), {place: pending.removed.get(place, 0) + remove()})
    deletion.delete_artifacts([*found.artifacts, *found.evidence, *found.unreadable])
    for uri in (Client().active_stack.artifact_store.path, *active_deployer().captured()):
        clouds.delete_noncurrent(uri)
    receipt = _receipt(drop_names(), found)
    overwrite_freed_zenml_pages()
    finish_erasure()
    described = {name: repr(value) for name, value in asdict(receipt).items() if name != "when"}
    describe_run("erasure", described)
    return receipt


def _removals(pending: PendingErasure, found: Inventory) -> Mapping[str, Callable[[], int]]:
    """Return what removes from each place, and counts."""
    deployer, people = active_deployer(), pending.people
    return {
        "captured requests": lambda: remove_requests(deployer.captured(), pending, found.images),
        "model files of the endpoint": lambda: deployer.delete_models(pending.versions),
        "runs of the tracker": lambda: active_tracker().delete_trainings(pending.data_versions),
        "unfinished batches": delete_kept_results,
        VERSIONS: lambda: deletion.delete_versions(pending.versions),
        "log files of runs": lambda: deletion.delete_logs(found.runs),
        "faces of people enrolled in the app": lambda: delete_enrolled(people),
        "names of unused files": lambda: deletion.remove_skipped_files(people),
        "lines of other logs": lambda: remove_lines(_log_files(), people),
        "runs that mention a name": lambda: deletion.delete_runs_that_mention(people),
    }


def _log_files() -> Iterator[Path]:
    yield from active_deployer().log_files()
    alerter = Client().active_stack.alerter
    if isinstance(alerter, LogAlerter):
        yield alerter.file


def _receipt(pending: PendingErasure, found: Inventory) -> ErasureReceipt:
    served = active_deployer().served_version()
    sources = ", ".join(sorted(credit(source) for source in found.sources))
    return ErasureReceipt(
        when=now(),
        subjects=pending.erased,
        versions=pending.versions,
        live=int(served) if served else None,
        removed=pending.removed,
        remains=(
            *([f"the data source ({sources}), which is not ours to change"] if sources else []),
            "figures of all people together: metrics, drift decisions, deployments",
            "files that you exported with --page, --summary or --csv",
        ),
    )
