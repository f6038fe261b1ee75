"""What the rest of the project asks of a cloud."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from zenml.models import PipelineRunResponse
from zenml.orchestrators import BaseOrchestrator

from components.checks import Check, Component, Packages
from faces.errors import OperationError


class Cloud(Protocol):
    """A cloud that components of a stack run on.

    To add a cloud, write a module in `components/clouds` with an object `CLOUD` of this protocol, a
    stack YAML in `stacks/` and its resources in `infra/<cloud>`.
    """

    @property
    def packages(self) -> Mapping[str, Packages]:
        """What this cloud's flavors need to be imported, by flavor."""

    @property
    def orchestrators(self) -> frozenset[str]:
        """Flavors of this cloud's orchestrators."""

    def checks_for(self, components: Sequence[Component]) -> Iterator[Check]:
        """List the checks of those components that run on this cloud.

        Args:
            components: All components of a stack, with placeholders filled in.

        Returns:
            Checks that have not run yet.
        """

    def translate_error(self, error: BaseException) -> OperationError | None:
        """Explain an error of this cloud's API in one line with a remedy.

        Args:
            error: Any exception; its causes are examined, too.

        Returns:
            The error to raise instead, or None if no API of this cloud is the cause.
        """

    def job_error(self, orchestrator: BaseOrchestrator, run: PipelineRunResponse) -> str:
        """Return the message of a run's failed job, "" if there is none.

        Args:
            orchestrator: The orchestrator of this cloud that started the run.
            run: A run that failed.
        """

    def delete_schedules(self, orchestrator: BaseOrchestrator, name: str) -> int:
        """Delete an orchestrator's schedules of this name from the cloud.

        Args:
            orchestrator: An orchestrator of this cloud.
            name: The schedule's display name.

        Returns:
            The number of schedules that were deleted.
        """

    def delete_noncurrent(self, uri: str) -> int:
        """Delete the noncurrent versions of all objects in a bucket.

        Args:
            uri: A URI in the bucket; nothing happens if it is not one of this cloud's.

        Returns:
            The number of versions that were deleted.
        """
