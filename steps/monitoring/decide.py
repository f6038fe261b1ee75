"""Decide what to do about the window."""

from datetime import UTC, datetime
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.client import Client

from faces.data.dataset import Faces
from faces.drift import policy as rules
from store.deployments import DECISION, decisions, last_decided_at

TOLD = ("p_value", "threshold", "window", "subjects", "labelled", "version")
"""What of the drift found is told with the decision, for the history."""


@step(enable_cache=False)
def decide(
    window: Faces, drift: dict[str, Any], windows: int, needed: int, minimum_labels: int
) -> Annotated[dict[str, Any], DECISION]:
    """None, not enough evidence, wait, alert or retrain; with the reason, for the record.

    What was decided on is not looked at again; a window without enough evidence is, with more.
    """
    made_before = decisions()
    former = [
        bool(made["drifted"])
        for made in made_before
        if made["decision"] != rules.NOT_ENOUGH_EVIDENCE
    ]
    made = rules.decide(
        drift, former, windows=windows, needed=needed, minimum_labels=minimum_labels
    )
    if made.decision != rules.NOT_ENOUGH_EVIDENCE:
        until = max(window.conditions["time"].astype("int64").tolist())
    else:
        until = last_decided_at(made_before)
    kept = {
        "decision": made.decision,
        "reason": made.reason,
        "drifted": made.drifted,
        "until": until,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    accuracy = drift["accuracy"] or {}
    metadata = {
        **kept,
        **{name: drift[name] for name in TOLD},
        **{f"accuracy_{name}": value for name, value in accuracy.items()},
        "stack": str(Client().active_stack_model.id),
    }
    log_metadata(
        metadata={name: value for name, value in metadata.items() if value is not None},
        artifact_name=DECISION,
        infer_artifact=True,
    )
    return kept
