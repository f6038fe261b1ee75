"""Monitors of single faces as artifacts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from zenml.enums import ArtifactType
from zenml.metadata.metadata_types import MetadataType

from faces.drift.result import MonitorResult
from faces.drift.sequential_monitor import SequentialMonitor
from store.materializers.base import FileMaterializer


@dataclass(frozen=True, eq=False)
class DeploymentMonitor:
    """The monitor of a deployment.

    Attributes:
        monitor: Its state.
        version: The version that was deployed.
        since: When, in UTC, ISO 8601; "" if that is not recorded.
        stack: Id of the stack.
    """

    monitor: SequentialMonitor
    version: int
    since: str
    stack: str

    def result(self, level: float) -> MonitorResult:
        """Return what the monitor found.

        Args:
            level: Probability of ever raising a false alarm.
        """
        return self.monitor.result(level, self.since, self.version)


class MonitorMaterializer(FileMaterializer):
    """A monitor as one .npz file; whose it is, in the metadata."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (DeploymentMonitor,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    KEYS: ClassVar[tuple[str, ...]] = ("version", "since", "stack")

    def save(self, state: DeploymentMonitor) -> None:
        """Write monitor.npz. See BaseMaterializer."""
        keys = {name: np.array(getattr(state, name)) for name in self.KEYS}
        self.write_arrays("monitor.npz", state.monitor.to_arrays() | keys)

    def load(self, data_type: type) -> DeploymentMonitor:
        """Read what `save` wrote. See BaseMaterializer."""
        arrays = self.read_arrays("monitor.npz")
        keys = {name: arrays.pop(name).item() for name in self.KEYS}
        return DeploymentMonitor(SequentialMonitor.from_arrays(arrays), **keys)

    def extract_metadata(self, state: DeploymentMonitor) -> dict[str, MetadataType]:
        """Return whose it is, and counts. See BaseMaterializer."""
        keys = {name: getattr(state, name) for name in self.KEYS}
        monitor = state.monitor
        return {**keys, "faces": monitor.faces, "compared": monitor.compared, "peak": monitor.peak}
