"""Assess a monitoring window: data drift, confidence and accuracy."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.window import Window
from faces.drift.accuracy import AccuracyDrop, accuracy_test
from faces.drift.confidence import ConfidenceDrop, confidence_test
from faces.drift.detector import Detector
from faces.drift.image_quality import QualityResult, check_quality
from faces.drift.result import DriftResult, MonitorResult
from faces.drift.witness_opinion import (
    PopulationResult,
    WitnessOpinion,
    agreement_test,
    correct_few_names,
    count_unknown,
)
from faces.evaluation.witness import Witness
from faces.runtime.portable import UNKNOWN


@dataclass(frozen=True)
class MonitoringResult:
    """Everything that was measured in a window.

    Attributes:
        drift: Result of the drift test.
        labelled: Number of faces with a feedback label that was found plausible.
        confidence: Drop in confidence; None if the version answered none of the faces.
        accuracy: Drop in accuracy; None if the version answered none of the labelled faces.
        version: The model version that the window was compared with.
        quality: How many images resemble no enrolled face; None in records made before this test.
        monitor: What the monitor of single faces has found since the deployment; None in records
            made before there was one.
        population: How many faces resemble no enrolled person; None if it is not known.
        agreement: Drop in agreement of model and witness; None if it is not known.
    """

    drift: DriftResult
    labelled: int
    confidence: ConfidenceDrop | None
    accuracy: AccuracyDrop | None
    version: int
    quality: QualityResult | None = None
    monitor: MonitorResult | None = None
    population: PopulationResult | None = None
    agreement: AccuracyDrop | None = None


def assess_window(
    window: Window,
    detector: Detector,
    baseline: pd.DataFrame,
    enrolled: NDArray[np.floating],
    version: int,
    monitor: MonitorResult | None = None,
    witness: Witness | None = None,
    tested: NDArray[np.floating] | None = None,
) -> MonitoringResult:
    """Compare a window with the training faces and the baseline test of a model version.

    Args:
        window: The window; faces of all versions count for the drift test.
        detector: Fitted on the version's training faces.
        baseline: The version's predictions for its baseline test: columns `label`, `predicted`
            and `confidence`.
        enrolled: The version's training images (m, 64, 64) in [0, 1].
        version: The version. Confidence and accuracy are those of faces that it answered itself.
        monitor: What the monitor of single faces has found.
        witness: The witness of the enrolled people; without it, unknown people are not counted.
        tested: The images of the baseline test (k, 64, 64), in the order of `baseline`.

    Returns:
        The drift test, the drops in confidence and accuracy, and the quality of the images.
    """
    is_own = window.versions == str(version)
    own = window[is_own]
    population, agreement, known, names = None, None, window, window.predicted
    if witness is not None and tested is not None:
        opinion = WitnessOpinion.ask(witness, np.asarray(window.images))
        baseline_opinion = WitnessOpinion.ask(witness, tested)
        population = count_unknown(opinion, baseline_opinion)
        if population.separable:
            known = window[~opinion.unknown]
            names = correct_few_names(known.predicted, opinion[~opinion.unknown])
        before = baseline["predicted"].to_numpy(dtype=str)
        agreement = agreement_test(before, baseline_opinion, own.predicted, opinion[is_own])
    return MonitoringResult(
        drift=detector.test(np.asarray(known.images), names),
        labelled=int(window.labelled.sum()),
        confidence=_confidence_drop(baseline, own),
        accuracy=_accuracy_drop(baseline, own[own.labelled]),
        version=version,
        quality=check_quality(np.asarray(window.images), window.repeats, enrolled),
        monitor=monitor,
        population=population,
        agreement=agreement,
    )


def _confidence_drop(baseline: pd.DataFrame, window: Window) -> ConfidenceDrop | None:
    if not len(window):
        return None
    return confidence_test(baseline["confidence"].to_numpy(dtype=float), window.confidence)


def _accuracy_drop(baseline: pd.DataFrame, window: Window) -> AccuracyDrop | None:
    if not len(window):
        return None
    before = (baseline["label"] == baseline["predicted"]).to_numpy(dtype=bool)
    return accuracy_test(before, is_correct(window))


def is_correct(window: Window) -> NDArray[np.bool_]:
    """Return whether each face was recognised correctly.

    Args:
        window: A window of n faces.

    Returns:
        bool (n,): False for "unknown", and for faces without a feedback label.
    """
    return np.asarray((window.predicted == window.labels) & (window.predicted != UNKNOWN))
