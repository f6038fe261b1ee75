"""Send an alert about the outcome of drift detection through the active stack's alerter."""

from typing import Annotated

from zenml import log_metadata, step
from zenml.client import Client

from faces import NAME
from faces.drift.policy import Action, DriftDecision
from store.materializers import RECORD
from store.records import Alert, Promotion, Rollout


@step(enable_cache=False, output_materializers={"alert": RECORD})
def send_alert(
    decision: DriftDecision, promotion: Promotion | None, rollout: Rollout | None
) -> Annotated[Alert, "alert"]:
    """Report what was decided, what the gate said, and which version is live.

    An alert that could not be delivered changes nothing else.

    Args:
        decision: What was decided about the window.
        promotion: The gate's decision about the retrained model; None without retraining.
        rollout: The deployment of the retrained model; None if it was not deployed.

    Returns:
        The message, and whether the alerter accepted it.
    """
    alert = post(describe(decision, promotion, rollout))
    log_metadata(
        metadata={"message": alert.message, "delivered": alert.delivered},
        artifact_name="alert",
        infer_artifact=True,
    )
    return alert


def send_failure(error: BaseException) -> None:
    """Send an alert that a drift detection failed. ZenML calls it as the pipeline's failure hook.

    Args:
        error: The error that ended the run; without a message, nothing is sent.
    """
    if str(error):
        post(f"drift detection failed: {' '.join(str(error).split())}")


def describe(decision: DriftDecision, promotion: Promotion | None, rollout: Rollout | None) -> str:
    """Describe the outcome in one to three sentences, without names or faces.

    Args:
        decision: What was decided about the window.
        promotion: The gate's decision about the retrained model; None without retraining.
        rollout: The deployment of the retrained model; None if it was not deployed.

    Returns:
        The text of the alert.

    Raises:
        ValueError: If the decision was to retrain and `promotion` is None.
    """
    if decision.action != Action.RETRAIN:
        return (
            f"{decision.reason}. To do: {decision.remedy}."
            if decision.remedy
            else (f"{decision.reason}.")
        )
    if promotion is None:
        raise ValueError("a retraining ends with a decision of the promotion gate")
    if rollout is None and promotion.promoted:
        return (
            f"{decision.reason}. A canary release of version {promotion.version} began: "
            f"{promotion.public_reason}."
        )
    if rollout is None:
        return f"{decision.reason}. The new model was not deployed: {promotion.public_reason}."
    return f"{decision.reason}. Version {rollout.version} is now live: {promotion.public_reason}."


def post(text: str) -> Alert:
    """Post a message to the active stack's alerter, if it has one.

    Args:
        text: The message; the name of the model and the stack are put before it.

    Returns:
        The message as posted, and whether the alerter accepted it.
    """
    stack = Client().active_stack
    message = f"{NAME} on stack '{stack.name}': {text}"
    alerter = stack.alerter
    if alerter is None:
        return Alert(message, alerter=None, delivered=False)
    return Alert(message, alerter.name, delivered=bool(alerter.post(message)))
