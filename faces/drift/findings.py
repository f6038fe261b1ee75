"""What a window shows, by kind, and what to do about each."""

from dataclasses import dataclass
from enum import StrEnum

from faces.drift.monitoring import MonitoringResult
from faces.drift.result import DriftVerdict

FAILURE_LEVEL = 1e-4
"""Significance level for windows without enough evidence: they are tested again and again."""

FAILURE_IMAGES = 10
"""Distinct images that a drop in confidence needs."""

POPULATION_LEVEL = 0.01
"""Significance level for more unknown people than usual."""

HARM_LEVEL = 0.02
"""Smallest significance level at which changed pictures are found to cost accuracy."""


class FindingKind(StrEnum):
    """What a finding is about. One window may have several."""

    PICTURES = "pictures"
    POPULATION = "population"
    ACCURACY = "accuracy"
    CAMERA = "camera"
    MODEL = "model"
    SILENCE = "silence"


REMEDIES = {
    FindingKind.PICTURES: "label faces of the window, to retrain with them",
    FindingKind.POPULATION: "enrol new people by adding their images to the training data",
    FindingKind.ACCURACY: "check the labels, then retrain",
    FindingKind.CAMERA: "check the camera",
    FindingKind.MODEL: "roll back with python run.py --pipeline rollback",
    FindingKind.SILENCE: "check the camera and the clients of the endpoint",
}
"""What to do about each kind."""

DRIFT = frozenset(FindingKind) - {FindingKind.POPULATION, FindingKind.SILENCE}
"""Kinds that make a window one that has drifted."""


@dataclass(frozen=True)
class Finding:
    """Something that a window shows.

    Attributes:
        kind: What it is about.
        text: A phrase without a full stop.
    """

    kind: FindingKind
    text: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES[self.kind]


def find(
    result: MonitoringResult, reported: bool = False, silence_hours: float | None = None
) -> list[Finding]:
    """List what a window shows.

    Args:
        result: What was measured in it.
        reported: Whether an earlier decision was about the monitor's alarm: it is not repeated.
        silence_hours: Hours since the latest face, if that is to be reported.

    Returns:
        The findings, the most important first.
    """
    found = []
    tested = result.drift.verdict != DriftVerdict.NOT_ENOUGH_EVIDENCE
    if tested and result.drift.detected:
        found.append(Finding(FindingKind.PICTURES, f"data drift: {result.drift.reason}"))
    if not tested:
        found += _failures(result)
    if result.monitor and result.monitor.alarm and not reported:
        text = f"data drift in single faces: {result.monitor.reason}"
        found.append(Finding(FindingKind.PICTURES, text))
    accuracy = result.accuracy
    if tested and accuracy is not None and accuracy.p_value <= result.drift.threshold:
        text = (
            f"performance drift: accuracy fell from {accuracy.before:.3f} to {accuracy.now:.3f} "
            f"(p = {accuracy.p_value:.2g})"
        )
        found.append(Finding(FindingKind.ACCURACY, text))
    population = result.population
    level = POPULATION_LEVEL if tested else FAILURE_LEVEL
    if population and population.p_value <= level and not _fails(found):
        found.append(Finding(FindingKind.POPULATION, f"population drift: {population.reason}"))
    if silence_hours is not None:
        text = f"no face has arrived for {silence_hours:.0f} hours"
        found.append(Finding(FindingKind.SILENCE, text))
    return found


def is_harmful(result: MonitoringResult) -> bool:
    """Return whether recognition suffers: accuracy, agreement with the witness or confidence fell.

    Args:
        result: What was measured in a window.

    Returns:
        True also if nothing is known about it.
    """
    drops = (result.accuracy, result.agreement, result.confidence)
    p_values = [drop.p_value for drop in drops if drop is not None]
    return not p_values or min(p_values) <= max(HARM_LEVEL, result.drift.threshold)


def _fails(found: list[Finding]) -> bool:
    return any(finding.kind in (FindingKind.CAMERA, FindingKind.MODEL) for finding in found)


def _failures(result: MonitoringResult) -> list[Finding]:
    """Find why a window that cannot be tested for drift needs attention all the same."""
    # A model that fails completely names few people, so that there are never enough identities.
    if result.quality and result.quality.failed:
        text = f"the camera may have failed: {result.quality.reason}"
        return [Finding(FindingKind.CAMERA, text)]
    accuracy, confidence = result.accuracy, result.confidence
    if accuracy and accuracy.p_value <= FAILURE_LEVEL:
        text = (
            f"the model may have failed: accuracy fell from {accuracy.before:.3f} to "
            f"{accuracy.now:.3f} (p = {accuracy.p_value:.2g})"
        )
        return [Finding(FindingKind.MODEL, text)]
    enough = result.drift.images >= FAILURE_IMAGES
    if enough and confidence and confidence.p_value <= FAILURE_LEVEL:
        text = (
            f"the model may have failed: its confidence fell by {confidence.drop:.2f} "
            f"(p = {confidence.p_value:.2g})"
        )
        return [Finding(FindingKind.MODEL, text)]
    return []
