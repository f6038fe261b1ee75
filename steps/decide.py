"""Decide what to do about the window."""

from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.client import Client

from faces import decision as rules
from faces.dataset import Faces
from steps.history import DECISION, decisions


@step(enable_cache=False)
def decide(
    window: Faces, drift: dict[str, Any], windows: int, needed: int, minimum_labels: int
) -> Annotated[dict[str, Any], DECISION]:
    """None, not enough evidence, wait, alert or retrain; with the reason, for the record.

    What was decided on is not looked at again; a window without enough evidence is, with more.
    """
    former = [bool(made["drifted"]) for made in decisions() if made.get("until")]
    made = rules.decide(
        drift, former, windows=windows, needed=needed, minimum_labels=minimum_labels
    )
    kept = {"decision": made.decision, "reason": made.reason, "drifted": made.drifted}
    if made.decision != rules.NOT_ENOUGH_EVIDENCE:
        kept["until"] = max(window.conditions["time"].astype("int64").tolist())
    metadata = {**kept, "stack": str(Client().active_stack_model.id), "p_value": drift["p_value"]}
    log_metadata(
        metadata={name: value for name, value in metadata.items() if value is not None},
        artifact_name=DECISION,
        infer_artifact=True,
    )
    return kept
