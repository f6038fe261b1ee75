"""Decide what to do about the window."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.client import Client

from faces.data.window import Window
from faces.drift import policy
from faces.drift.monitoring import MonitoringResult
from store.deployments import DECISION, decisions, last_decided_at


@step(enable_cache=False)
def decide(
    window: Window, drift: MonitoringResult, windows: int, needed: int, minimum_labels: int
) -> Annotated[dict[str, Any], DECISION]:
    """Decide, and record the decision with its reason as the artifact's metadata.

    A window that was decided on is not assessed again; one without enough evidence is, with more
    faces.
    """
    records = decisions()
    previous = [
        bool(record["drifted"])
        for record in records
        if record["decision"] != policy.Action.NOT_ENOUGH_EVIDENCE
    ]
    decision = policy.decide(
        drift, previous, policy.RetrainingPolicy(windows, needed, minimum_labels)
    )
    enough = decision.action != policy.Action.NOT_ENOUGH_EVIDENCE
    record = {
        "decision": decision.action.value,
        "reason": decision.reason,
        "drifted": decision.drifted,
        "until": int(window.times.max()) if enough else last_decided_at(records),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    metadata = {
        **record,
        "p_value": drift.drift.p_value,
        "threshold": drift.drift.threshold,
        "images": drift.drift.images,
        "identities": drift.drift.identities,
        "labelled": drift.labelled,
        "version": drift.version,
        "stack": str(Client().active_stack_model.id),
    }
    if drift.accuracy:
        metadata |= {f"accuracy_{name}": value for name, value in asdict(drift.accuracy).items()}
    log_metadata(
        metadata={name: value for name, value in metadata.items() if value is not None},
        artifact_name=DECISION,
        infer_artifact=True,
    )
    return record
