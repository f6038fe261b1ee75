"""Result of a drift test: JSON-able scalars only."""

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
