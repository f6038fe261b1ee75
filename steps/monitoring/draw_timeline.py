"""Draw the history of a stack on one page."""

from datetime import datetime
from typing import Annotated

from zenml import step
from zenml.client import Client
from zenml.models import ModelVersionResponse

from faces import NAME
from faces.drift.policy import Action
from faces.reports.timeline_records import DecisionRecord, DeploymentEvent, VersionRow
from store.audit_trail import audit_trail
from store.deployments import DecisionEntry, decisions, deployments
from store.materializers import PAGE, RECORD
from store.materializers.documents import Page
from store.production import GATE
from store.records import AuditTrail, Deployment
from store.versions import NO_STAGE, all_versions
from store.windows import window_of_run

MAX_WINDOWS = 20
"""Faces are shown of this many windows, the latest."""


AUDIT_TRAIL = "audit_trail"


@step(enable_cache=False, output_materializers={"history": PAGE, AUDIT_TRAIL: RECORD})
def draw_timeline() -> tuple[Annotated[Page, "history"], Annotated[AuditTrail, AUDIT_TRAIL]]:
    """Draw the history: windows, decisions, deployments, versions and accuracy over time.

    Returns:
        An HTML page; and who did what, which is part of it.
    """
    from faces.reports.timeline import draw_timeline_page

    entries = decisions()
    tested = [entry.run for entry in entries if entry.action != Action.NOT_ENOUGH_EVIDENCE]
    trail = audit_trail()
    page = draw_timeline_page(
        NAME,
        Client().active_stack.name,
        [_decision(entry) for entry in entries],
        [_deployment(record) for record in deployments()],
        [_version(version) for version in all_versions()],
        {run: window for run in tested[-MAX_WINDOWS:] if (window := window_of_run(run))},
        trail,
    )
    return Page({"page.html": page}), AuditTrail(trail)


def _decision(entry: DecisionEntry) -> DecisionRecord:
    return DecisionRecord(
        run=entry.run,
        when=datetime.fromisoformat(entry.when),
        action=entry.action,
        reason=entry.reason,
        images=entry.images,
        identities=entry.identities,
        labelled=entry.labelled,
        version=entry.version,
        p_value=entry.p_value,
        threshold=entry.threshold,
        accuracy=entry.accuracy,
        monitor=entry.monitor,
    )


def _deployment(record: Deployment) -> DeploymentEvent:
    when = datetime.fromisoformat(record.when)
    return DeploymentEvent(record.kind, record.version, when, record.reason, record.who)


def _version(version: ModelVersionResponse) -> VersionRow:
    metadata = version.run_metadata
    metrics = metadata.get("metrics", {})
    assert isinstance(metrics, dict)
    return VersionRow(
        number=version.number,
        stage=version.stage or NO_STAGE,
        baseline_accuracy=metrics.get("baseline_accuracy"),
        drifted_accuracy=metrics.get("drifted_accuracy"),
        data=f"{metadata.get('data_source')} {metadata.get('data_version')}",
        gate=str(metadata.get(GATE, "")),
    )
