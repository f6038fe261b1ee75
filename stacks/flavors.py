"""Flavors of this project: import paths of their classes, and whether ZenML has the same."""

from zenml.enums import StackComponentType
from zenml.models import FlavorResponse

from components import alerters, deployers, orchestrators

FLAVORS = {
    StackComponentType.MODEL_DEPLOYER: deployers.flavors(),
    StackComponentType.ALERTER: alerters.FLAVORS,
    StackComponentType.ORCHESTRATOR: orchestrators.FLAVORS,
}
"""Import path of each flavor's class, by component type and name."""


def is_outdated(flavor: FlavorResponse) -> bool:
    """Return whether ZenML knows a flavor of this project under another import path.

    Args:
        flavor: A flavor that is registered in ZenML.
    """
    source = FLAVORS.get(flavor.type, {}).get(flavor.name)
    return source is not None and flavor.source != source
