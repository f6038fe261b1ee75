"""Start a canary release: a candidate answers in the shadow of the live version."""

import time
from datetime import UTC, datetime
from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from components.deployers.settings import CanarySettings
from faces.errors import OperationError, UserError
from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryRelease
from steps.deployment.deploy_model import portable_model
from steps.deployment.verify_endpoint import compare
from store.canary_releases import CANARY, record_release
from store.materializers import RECORD


@step(enable_cache=False, output_materializers={CANARY: RECORD})
def start_canary(
    version: int, settings: CanarySettings, images: int
) -> Annotated[CanaryRelease, CANARY]:
    """Let a version answer in the shadow of the live one, and compare it with the trained model.

    Args:
        version: The candidate.
        settings: When the release advances, and when it goes back.
        images: Number of held-out faces for the comparison.

    Returns:
        The state of the release.

    Raises:
        UserError: If nothing is live, the version is live already, or the stack has no canaries.
        OperationError: If the candidate cannot be loaded, or its answers differ from the model's;
            it does not answer then.
    """
    deployer = active_deployer()
    deployer.require_canary_support()
    endpoint = deployer.endpoint()
    if endpoint.version == str(version):
        raise UserError(f"version {version} is live already: train one that the gate promotes")
    started = time.time_ns()
    deployer.start_beside(portable_model(version), share=0.0)
    try:
        compare(endpoint, version, images)
    except OperationError as error:
        deployer.stop_beside()
        raise OperationError(f"version {version} does not answer any more: {error}") from error
    now = datetime.now(UTC).isoformat(timespec="seconds")
    previous = int(endpoint.version)
    reason = f"in the shadow of version {previous}"
    release = CanaryRelease(
        version, previous, Phase.SHADOW, reason, now, now, started, limits=settings.limits
    )
    record_release(release)
    return release
