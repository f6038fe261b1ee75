"""Results of the drift test and of the monitor: JSON-able scalars only."""

from dataclasses import dataclass
from enum import StrEnum


class DriftVerdict(StrEnum):
    """Outcome of a drift test."""

    NONE = "none"
    DRIFT = "drift"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


@dataclass(frozen=True)
class DriftResult:
    """Result of testing one window against the reference.

    Attributes:
        verdict: The outcome.
        reason: The outcome in one phrase, without a full stop.
        statistic: The test statistic; None if the window was too small to be tested.
        p_value: Its p-value; None if the window was too small to be tested.
        threshold: Significance level: p-values up to this one are drift.
        images: Number of distinct images in the window.
        identities: Number of distinct identities that the model recognised in the window.
        detector: Name of the detector in `faces.drift.detectors`.
    """

    verdict: DriftVerdict
    reason: str
    statistic: float | None
    p_value: float | None
    threshold: float
    images: int
    identities: int
    detector: str

    @property
    def detected(self) -> bool:
        """Whether the window drifted."""
        return self.verdict == DriftVerdict.DRIFT


@dataclass(frozen=True)
class MonitorResult:
    """What the monitor has found since a deployment.

    Attributes:
        evidence: Evidence of drift now; 1 at first.
        peak: The largest evidence so far.
        level: Probability of ever raising a false alarm between two deployments.
        faces: Number of faces that the version answered since its deployment.
        compared: Number of these that were compared: near-duplicates and unknown people are not.
        since: When the version was deployed, in UTC, ISO 8601; "" if that is not recorded.
        version: The version.
    """

    evidence: float
    peak: float
    level: float
    faces: int
    compared: int
    since: str
    version: int

    @property
    def alarm(self) -> bool:
        """Whether the evidence ever reached 1 / `level`."""
        return self.peak >= 1 / self.level

    @property
    def reason(self) -> str:
        """The result in one phrase."""
        return (
            f"evidence {self.peak:.3g} of {1 / self.level:.3g}, from {self.compared} different "
            "faces since the deployment"
        )
