"""Tell a person what the loop did, or could not do, through the active stack's alerter."""

from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.client import Client

from faces import NAME
from faces.drift.policy import Action


@step(enable_cache=False)
def send_alert(
    decision: dict[str, Any], gate: dict[str, Any] | None, live: dict[str, Any] | None
) -> Annotated[dict[str, Any], "alert"]:
    """Tell of drift: what was decided, what the gate said of the new model, what is live.

    `delivered` is False if the stack has no alerter, or if the alerter could not deliver; that
    changes nothing else.
    """
    alert = tell(describe(decision, gate, live))
    log_metadata(metadata=alert, artifact_name="alert", infer_artifact=True)
    return alert


def send_failure(error: BaseException) -> None:
    """Tell that a drift detection failed; ZenML calls it."""
    if str(error):
        tell(f"drift detection failed: {' '.join(str(error).split())}")


def describe(
    decision: dict[str, Any], gate: dict[str, Any] | None, live: dict[str, Any] | None
) -> str:
    """What a person must know, in a sentence or three. No name and no face is in it."""
    if decision["decision"] != Action.RETRAIN:
        return f"{decision['reason']}."
    assert gate is not None
    if live is None:
        return f"{decision['reason']}. The new model does not go live: {gate['reason']}."
    return f"{decision['reason']}. Version {live['version']} is live now: {gate['reason']}."


def tell(message: str) -> dict[str, Any]:
    """Post it; gives what was said, by which alerter, and whether it was delivered."""
    stack = Client().active_stack
    message = f"{NAME} on stack '{stack.name}': {message}"
    alerter = stack.alerter
    delivered = alerter is not None and alerter.post(message)
    by = alerter.name if alerter else "none: the stack has no alerter"
    return {"message": message, "by": by, "delivered": delivered}
