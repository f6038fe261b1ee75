from unittest.mock import create_autospec

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift import DriftResult, DriftVerdict
from faces.drift.accuracy import AccuracyDrop
from faces.drift.confidence import ConfidenceDrop
from faces.drift.detectors.moments import DriftDetector
from faces.drift.monitoring import MonitoringResult, assess_window
from faces.drift.policy import Action, DriftDecision, RetrainingPolicy
from faces.drift.witness_opinion import WitnessOpinion
from faces.evaluation.witness import Witness

BASELINE = pd.DataFrame(
    {
        "label": ["a"] * 40,
        "predicted": ["a"] * 39 + ["b"],
        "confidence": np.linspace(0.7, 0.99, 40),
    }
)


@pytest.fixture(scope="module")
def detector(people: Faces, frontal: np.ndarray) -> DriftDetector:
    rows = frontal[::2]
    return DriftDetector.fit(people.images[rows], people.labels[rows])


@pytest.fixture
def window(people: Faces, frontal: np.ndarray) -> Window:
    """Thirty faces, all answered correctly by version 2, with feedback."""
    rows = np.random.default_rng(0).permutation(frontal[1::2])[:30]
    return Window(
        images=people.images[rows],
        predicted=people.labels[rows].astype("U20"),
        labels=people.labels[rows].astype("U20"),
        confidence=np.full(30, 0.5),
        versions=np.full(30, "2"),
        times=np.arange(30),
    )


def assess(window: Window, detector: DriftDetector) -> MonitoringResult:
    return assess_window(window, detector, BASELINE, window.images, version=2)


def test_a_window_is_tested_for_drift_confidence_and_accuracy(
    window: Window, detector: DriftDetector
) -> None:
    result = assess(window, detector)
    assert result.drift == detector.test(window.images, window.predicted)
    assert (result.labelled, result.version) == (30, 2)
    assert result.accuracy is not None
    assert (result.accuracy.before, result.accuracy.now) == (39 / 40, 1.0)
    assert result.confidence is not None
    assert result.confidence.drop == pytest.approx(BASELINE["confidence"].mean() - 0.5)
    assert result.confidence.p_value < 1e-6


def test_only_answers_of_the_version_count_for_confidence_and_accuracy(
    window: Window, detector: DriftDetector
) -> None:
    window.versions[10:] = "1"
    window.confidence[10:] = 0.1
    window.predicted[5:] = "somebody else"
    result = assess(window, detector)
    assert result.accuracy is not None
    assert result.accuracy.now == 0.5
    assert result.confidence is not None
    assert result.confidence.drop == pytest.approx(BASELINE["confidence"].mean() - 0.5)
    assert result.drift.images == 30, "faces of all versions count"
    assert result.labelled == 30
    window.versions[:] = "1"
    result = assess(window, detector)
    assert result.accuracy is None
    assert result.confidence is None


def test_accuracy_is_measured_on_labelled_faces_only(
    window: Window, detector: DriftDetector
) -> None:
    window.labels[3:] = ""
    window.labels[0] = "somebody else"
    result = assess(window, detector)
    assert result.labelled == 3
    assert result.accuracy is not None
    assert result.accuracy.now == pytest.approx(2 / 3)
    window.labels[:] = ""
    result = assess(window, detector)
    assert result.accuracy is None
    assert result.labelled == 0
    assert result.confidence is not None


def test_an_unknown_face_counts_as_wrong(window: Window, detector: DriftDetector) -> None:
    window.predicted[:12] = "unknown"
    window.labels[0] = "unknown"
    result = assess(window, detector)
    assert result.accuracy is not None
    assert result.accuracy.now == pytest.approx(18 / 30)


def test_an_empty_window_is_not_enough_evidence(window: Window, detector: DriftDetector) -> None:
    result = assess(window[np.array([], dtype=int)], detector)
    assert result.drift.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE
    assert (result.drift.images, result.drift.identities) == (0, 0)
    assert (result.confidence, result.accuracy, result.labelled) == (None, None, 0)


TESTED = DriftResult(DriftVerdict.DRIFT, "p = 0.001", 6.5, 0.001, 0.01, 25, 12, "moments")
UNTESTED = DriftResult(DriftVerdict.NOT_ENOUGH_EVIDENCE, "too small", None, None, 0.01, 3, 1, "mmd")


@pytest.mark.parametrize(
    "value",
    [
        DriftVerdict.NONE,
        TESTED,
        UNTESTED,
        ConfidenceDrop(0.1, 0.02),
        AccuracyDrop(0.95, 0.6, 0.45, 0.73, 1e-4),
        MonitoringResult(
            TESTED, 20, ConfidenceDrop(0.1, 0.02), AccuracyDrop(0.95, 0.6, 0.4, 0.7, 1e-4), 3
        ),
        MonitoringResult(UNTESTED, 0, None, None, 3),
        DriftDecision(Action.RETRAIN, "data drift"),
        RetrainingPolicy(of_last=5, required=4, minimum_labels=10),
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_round_trip_through_json(value: object) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(type(value))
    restored = adapter.validate_json(adapter.dump_json(value))
    assert restored == value
    assert type(restored) is type(value)


def test_a_measured_result_round_trips_through_json(
    window: Window, detector: DriftDetector
) -> None:
    result = assess(window, detector)
    adapter = TypeAdapter(MonitoringResult)
    restored = adapter.validate_json(adapter.dump_json(result))
    assert restored == result
    assert restored.drift.verdict is result.drift.verdict


def test_pictures_of_a_few_misrecognised_faces_are_compared_with_the_person_shown(
    window: Window, detector: DriftDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = window.predicted.copy()
    window.predicted[0] = next(name for name in detector.means if name != right[0])
    opinion = WitnessOpinion(right, np.ones(len(right)))
    monkeypatch.setattr(WitnessOpinion, "ask", lambda *_: opinion)
    result = assess_window(
        window,
        detector,
        BASELINE[: len(right)],
        window.images,
        version=2,
        witness=create_autospec(Witness),
        tested=window.images,
    )
    assert result.drift == detector.test(window.images, right)
    assert result.drift != detector.test(window.images, window.predicted)
