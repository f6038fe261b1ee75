"""Send an alert when a canary release goes live, goes back, or ends."""

from typing import Annotated

from zenml import step

from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryRelease, CanaryStep
from steps.monitoring.send_alert import post
from store.materializers import RECORD
from store.records import Alert

CANARY_ALERT = "canary_alert"
TEXTS = {
    Phase.WATCH: "Version {0} is now live, and is watched with version {1} in its shadow: {2}.",
    Phase.ROLLED_BACK: "Version {0} was rolled back, and version {1} is live: {2}.",
    Phase.SUPERSEDED: "The canary release of version {0} has ended: {2}.",
    Phase.COMPLETED: "The canary release of version {0} is complete: {2}.",
}


@step(enable_cache=False, output_materializers={CANARY_ALERT: RECORD})
def report_canary(canary: CanaryStep) -> Annotated[Alert, CANARY_ALERT]:
    """Report what became of a canary release, or of a deployment that was finished.

    Args:
        canary: The state of the release, in one of the phases that are reported; or the repair.

    Returns:
        The message, and whether the alerter accepted it.
    """
    if canary.release is None:
        return post(f"Version {canary.serve} is live again: {canary.repair}.")
    return post(describe_release(canary.release))


def describe_release(release: CanaryRelease) -> str:
    """Describe a release in one sentence, without names.

    Args:
        release: Its state, in one of the phases that are reported.

    Returns:
        The text of the alert.
    """
    return TEXTS[release.phase].format(release.candidate, release.previous, release.reason)
