"""What steps ask of an experiment tracker, whichever it is."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from zenml.client import Client
from zenml.enums import StackComponentType

from components.checks import Check, Component, Packages
from faces.errors import UserError
from faces.runtime.portable import PortableModel

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class TrainingData:
    """The data of a training, without images and names.

    Attributes:
        source: Name of the data source, such as "olivetti".
        version: Content hash of the data.
        credit: Whom the data is by.
        counts: Numbers of people and images by name.
    """

    source: str
    version: str
    credit: str
    counts: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class TrainingRecord:
    """A finished training, as a tracker records it.

    Attributes:
        name: What the run is called, such as "training svm yaw=frontal".
        data: What the model was trained on.
        params: Settings and hyperparameters, flattened: {"split.condition": …}.
        tags: Labels to find the run by, such as the data's version.
        metrics: Metrics by name.
        files: Contents by path in the run, such as "pictures/eigenfaces.png".
        model: The exported model, from pixels to probabilities.
        example: Pixels (n, 4096) that the model accepts; they define its signature.
        description: One sentence about the model.
    """

    name: str
    data: TrainingData
    params: Mapping[str, Scalar]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    files: Mapping[str, bytes | str]
    model: PortableModel
    example: NDArray[np.float32]
    description: str


@dataclass(frozen=True)
class TrackedRun:
    """A recorded training.

    Attributes:
        run_id: The run's id in the tracker.
        registry_version: The model's version in the tracker's registry; None if it has no registry.
    """

    run_id: str
    registry_version: str | None


class Tracker(Protocol):
    """An experiment tracker.

    To add one, write a module in `components/tracking`, named after its ZenML flavor, with an
    object `TRACKER` of this protocol. Methods that log need the run that ZenML starts for a step
    with `experiment_tracker=…`.
    """

    @property
    def packages(self) -> Packages:
        """What the flavor needs to be imported."""

    @property
    def needs_model_registry(self) -> bool:
        """Whether the stack must have a model registry, too."""

    def prepare(self) -> None:
        """Create what the tracker needs on this machine, before the first run."""

    def checks_for(self, component: Component) -> Iterator[Check]:
        """List the checks of a component of this flavor.

        Args:
            component: A stack's experiment tracker, with placeholders filled in.

        Returns:
            Checks that have not run yet.
        """

    def log_training(self, record: TrainingRecord) -> TrackedRun:
        """Log a training to the active run, and register its model if there is a registry.

        Args:
            record: What to log.

        Returns:
            The run, and the version in the registry.
        """

    def finished_trials(self, study: str) -> dict[str, dict[str, float]]:
        """Return the metrics of a study's finished trials, by trial key.

        Args:
            study: Names the data, the code and the settings that all trials of a search share.
        """

    def log_trial(
        self,
        study: str,
        key: str,
        name: str,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float],
    ) -> None:
        """Log a finished trial as a run within the active run.

        Args:
            study: See `finished_trials`.
            key: Identifies the trial within its study.
            name: The run's display name.
            params: The trial's hyperparameters.
            metrics: Its metrics.
        """

    def set_champion(self, registry_version: str) -> None:
        """Mark a version of the registry as the one in production.

        Args:
            registry_version: As returned in `TrackedRun`.
        """

    def delete_trainings(self, data_versions: Collection[str]) -> int:
        """Delete every training on some data versions for good, with its files and models.

        Args:
            data_versions: Content hashes of the data, as in `TrainingData.version`.

        Returns:
            The number of runs that were deleted.
        """

    def ui_hint(self) -> str | None:
        """Return how to open the tracker: an address or a command. None if there is nothing."""


def active_tracker() -> Tracker:
    """Return the adapter for the active stack's experiment tracker.

    Raises:
        UserError: If the stack has none, or one of a flavor without an adapter.
    """
    from components import tracking

    trackers = tracking.trackers()
    stack = Client().active_stack_model
    components = stack.components.get(StackComponentType.EXPERIMENT_TRACKER)
    flavor = components[0].flavor_name if components else None
    if flavor not in trackers:
        present = f"the experiment tracker flavor '{flavor}'" if flavor else "no experiment tracker"
        raise UserError(
            f"stack '{stack.name}' has {present}: choose from {', '.join(trackers)}, "
            "or use --stack local"
        )
    return trackers[flavor]
