"""What the package of a serving backend declares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from components.checks import Check, Component, Packages


def no_checks(component: Component) -> Iterator[Check]:
    """Return no checks.

    Args:
        component: Not used.
    """
    return iter(())


@dataclass(frozen=True)
class Backend:
    """A serving backend: a ZenML model deployer flavor that is named like its package.

    Attributes:
        flavor: Import path of the flavor's class.
        packages: What the flavor needs to be imported beyond what every run needs.
        checks: Returns the checks of a component of this flavor, for the doctor.
    """

    flavor: str
    packages: Packages | None = None
    checks: Callable[[Component], Iterator[Check]] = no_checks
