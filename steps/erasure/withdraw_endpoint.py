"""End the endpoint, because no model can be trained without the people who are to be forgotten."""

from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from store.erasure.register import pending_erasure


@step(enable_cache=False)
def withdraw_endpoint() -> Annotated[bool, "withdrawn"]:
    """End the endpoint if it serves a version that learned from what has to be erased.

    Returns:
        Whether it was ended.

    Raises:
        OperationError: If it cannot be stopped.
    """
    deployer = active_deployer()
    served = deployer.served_version()
    if served is None or int(served) not in pending_erasure().versions:
        return False
    return deployer.restore(None, instead_of=served)
