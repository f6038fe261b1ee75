"""Checks of stack components: what each needs, and one line with cause and remedy if it is missing.

The package that implements or uses a component also knows its checks: see `checks_for` in
`components.alerters`, `components.clouds`, `components.deployers` and `components.tracking`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 5.0
"""Seconds that one request of a check may take."""


class CheckFailed(Exception):
    """A check failed.

    Attributes:
        cause: What is wrong.
        remedy: What fixes it, usually a command.
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause, self.remedy = cause, remedy

    def __str__(self) -> str:
        return f"{self.cause}: {self.remedy}"


@dataclass(frozen=True)
class Component:
    """A stack component as ZenML knows it.

    Attributes:
        type: ZenML's component type, such as "artifact_store".
        name: The name that it is registered with.
        flavor: The name of its flavor, such as "gcp".
        configuration: The flavor's settings.
    """

    type: str
    name: str
    flavor: str
    configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Packages:
    """What must be installed for a flavor to be imported.

    Attributes:
        modules: Dotted names of the Python modules that it imports.
        install: The command that installs them.
    """

    modules: tuple[str, ...]
    install: str


@dataclass(frozen=True)
class Check:
    """One check of a stack.

    Attributes:
        part: What is checked, for example "bucket".
        run: Returns a line that describes the good state; raises CheckFailed otherwise.
        needs: The part that must be in order first, or else this check is skipped.
        before_runs: Whether it is fast and important enough to precede every run.
    """

    part: str
    run: Callable[[], str]
    needs: str | None = None
    before_runs: bool = False


def preflight(checks: Iterable[Check]) -> None:
    """Run the checks that precede every run.

    Args:
        checks: Checks of a stack, of which those with `before_runs` are run, in this order.

    Raises:
        CheckFailed: At the first check that fails.
    """
    for check in checks:
        if check.before_runs:
            check.run()
