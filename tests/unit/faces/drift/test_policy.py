from dataclasses import replace
from typing import Any

import pytest

from faces.drift.accuracy import AccuracyDrop
from faces.drift.confidence import ConfidenceDrop
from faces.drift.findings import FindingKind
from faces.drift.image_quality import QualityResult
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision, RetrainingPolicy, decide, needs_approval
from faces.drift.result import DriftResult, DriftVerdict, MonitorResult
from faces.drift.witness_opinion import PopulationResult
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
)

NO_DRIFT = MonitoringResult(
    drift=DriftResult(DriftVerdict.NONE, "p = 0.4", 1.2, 0.4, 0.01, 50, 20, "moments"),
    labelled=50,
    confidence=None,
    accuracy=None,
    version=1,
)
DRIFT = replace(
    NO_DRIFT, drift=replace(NO_DRIFT.drift, verdict=DriftVerdict.DRIFT, reason="p = 0.001")
)
TOO_SMALL = replace(
    NO_DRIFT,
    drift=replace(
        NO_DRIFT.drift, verdict=DriftVerdict.NOT_ENOUGH_EVIDENCE, reason="9 images are not enough"
    ),
)
LOWER = AccuracyDrop(before=0.95, now=0.6, low=0.45, high=0.73, p_value=0.001)
SIMILAR = replace(LOWER, p_value=0.2)


def decided(
    result: MonitoringResult, *previous: bool, of_last: int = 1, required: int = 1
) -> DriftDecision:
    policy = RetrainingPolicy(of_last, required, minimum_labels=10)
    return decide(result, FeedbackVerification(result.labelled), previous, policy)


@pytest.mark.parametrize(
    ("result", "action", "reason"),
    [
        (NO_DRIFT, Action.NONE, "No drift: p = 0.4"),
        (TOO_SMALL, Action.NOT_ENOUGH_EVIDENCE, "Not tested: 9 images are not enough"),
        (DRIFT, Action.RETRAIN, "Data drift: p = 0.001"),
        (
            replace(NO_DRIFT, accuracy=LOWER),
            Action.RETRAIN,
            "Performance drift: accuracy fell from 0.950 to 0.600 (p = 0.001)",
        ),
        (replace(NO_DRIFT, accuracy=SIMILAR), Action.NONE, "No drift: p = 0.4"),
        (replace(TOO_SMALL, accuracy=LOWER), Action.NOT_ENOUGH_EVIDENCE,
         "Not tested: 9 images are not enough"),
        (
            replace(TOO_SMALL, accuracy=replace(LOWER, p_value=1e-5)),
            Action.ALERT,
            "The model may have failed: accuracy fell from 0.950 to 0.600 (p = 1e-05); not tested "
            "for drift: 9 images are not enough",
        ),
        (
            replace(TOO_SMALL, confidence=ConfidenceDrop(0.31, 1e-5)),
            Action.ALERT,
            "The model may have failed: its confidence fell by 0.31 (p = 1e-05); not tested for "
            "drift: 9 images are not enough",
        ),
        (
            replace(TOO_SMALL, confidence=ConfidenceDrop(0.31, 1e-3)),
            Action.NOT_ENOUGH_EVIDENCE,
            "Not tested: 9 images are not enough",
        ),
        (
            replace(TOO_SMALL, quality=QualityResult(8, 7, "brightness", 1e-8)),
            Action.ALERT,
            "The camera may have failed: 7 of 8 images resemble no enrolled face, most of them in "
            "their brightness (p = 1e-08); not tested for drift: 9 images are not enough",
        ),
        (
            replace(DRIFT, quality=QualityResult(8, 7, "brightness", 1e-8)),
            Action.RETRAIN,
            "Data drift: p = 0.001",
        ),
        (
            replace(DRIFT, labelled=9),
            Action.ALERT,
            "Data drift: p = 0.001; retraining needs at least 10 labelled faces, and feedback "
            "labelled 9",
        ),
        (
            replace(DRIFT, accuracy=LOWER),
            Action.RETRAIN,
            "Data drift: p = 0.001; performance drift: accuracy fell from 0.950 to 0.600 "
            "(p = 0.001)",
        ),
    ],
)  # fmt: skip
def test_action_and_reason(result: MonitoringResult, action: Action, reason: str) -> None:
    decision = decided(result)
    assert (decision.action, decision.reason) == (action, reason)


def test_quarantined_labels_do_not_count_towards_retraining() -> None:
    quarantined = tuple(QuarantinedLabel(row, QuarantineReason.OVER_CAP, 0.9) for row in range(45))
    policy = RetrainingPolicy(of_last=1, required=1, minimum_labels=10)
    decision = decide(DRIFT, FeedbackVerification(50, quarantined), [], policy)
    assert decision.action == Action.ALERT
    assert decision.reason.endswith("feedback labelled 50, of which 45 are quarantined")


def test_approved_labels_of_earlier_windows_count_towards_retraining() -> None:
    policy = RetrainingPolicy(of_last=1, required=1, minimum_labels=10)
    feedback = FeedbackVerification(7)
    assert decide(DRIFT, feedback, [], policy, approved=3).action == Action.RETRAIN
    decision = decide(DRIFT, feedback, [], policy, approved=2)
    assert decision.action == Action.ALERT
    assert decision.reason.endswith("labelled 7; a person approved 2 of earlier windows")


def test_labels_that_came_late_count_towards_retraining() -> None:
    policy = RetrainingPolicy(of_last=1, required=1, minimum_labels=10)
    assert decide(DRIFT, FeedbackVerification(2), [], policy, late=8).action == Action.RETRAIN
    decision = decide(DRIFT, FeedbackVerification(2), [], policy, late=7)
    assert decision.action == Action.ALERT
    assert decision.reason.endswith("labelled 2; 7 of earlier windows came late")


def test_drift_is_required_in_k_of_the_last_m_windows() -> None:
    assert decided(DRIFT, of_last=3, required=2).action == Action.WAIT
    assert decided(DRIFT, True, of_last=3, required=2).action == Action.RETRAIN
    assert decided(DRIFT, True, False, of_last=3, required=2).action == Action.RETRAIN
    assert decided(DRIFT, True, False, False, of_last=3, required=2).action == Action.WAIT
    assert decided(DRIFT, True, True, of_last=1, required=1).action == Action.RETRAIN
    assert decided(NO_DRIFT, True, True, of_last=3, required=2).action == Action.NONE


def test_waiting_reports_in_how_many_windows_drift_was_found() -> None:
    decision = decided(DRIFT, True, False, False, of_last=5, required=3)
    assert decision.action == Action.WAIT
    assert decision.reason.endswith("; seen in 2 of the last 4 windows, 3 of 5 are required")


def test_every_action_upon_drift_counts_as_drift_for_the_next_windows() -> None:
    drifted = {action for action in Action if DriftDecision(action, "").drifted}
    assert drifted == {Action.WAIT, Action.ALERT, Action.RETRAIN}


@pytest.mark.parametrize("reason", QuarantineReason)
def test_a_quarantined_label_of_any_reason_needs_an_approval(reason: QuarantineReason) -> None:
    clean = FeedbackVerification(20)
    quarantined = FeedbackVerification(20, (QuarantinedLabel(3, reason, 0.4),))
    assert needs_approval("quarantined", quarantined)
    assert not needs_approval("quarantined", clean)
    assert needs_approval("always", clean)
    assert not needs_approval("never", quarantined)


QUIET = MonitorResult(0.4, 3.0, 0.01, faces=60, compared=50, since="", version=1)
ALARM = replace(QUIET, peak=120.0)


def test_an_alarm_of_the_monitor_is_drift_although_the_window_shows_none() -> None:
    decision = decided(replace(NO_DRIFT, monitor=ALARM))
    assert decision.action == Action.RETRAIN
    assert decision.reason.startswith("Data drift in single faces: evidence 120 of 100")
    assert decided(replace(NO_DRIFT, monitor=QUIET)).action == Action.NONE


def test_an_alarm_of_the_monitor_is_reported_although_the_window_is_too_small() -> None:
    decision = decided(replace(TOO_SMALL, monitor=ALARM))
    assert decision.action == Action.ALERT
    assert "120 of 100" in decision.reason


def test_an_alarm_of_the_monitor_is_reported_once() -> None:
    policy = RetrainingPolicy(1, 1, minimum_labels=10)
    result = replace(NO_DRIFT, monitor=ALARM)
    decision = decide(result, FeedbackVerification(50), (), policy, reported=True)
    assert decision.action == Action.NONE


UNHARMED = replace(DRIFT, agreement=SIMILAR, confidence=ConfidenceDrop(0.01, 0.3))
MANY_UNKNOWN = PopulationResult(images=40, unknown=9, p_value=1e-4)


def test_pictures_that_changed_without_harm_are_reported_and_not_learned() -> None:
    decision = decided(UNHARMED)
    assert decision.action == Action.REPORT
    assert decision.findings == (FindingKind.PICTURES,)
    assert "neither accuracy nor confidence fell" in decision.reason
    assert not decision.drifted
    assert decision.remedy == ""


@pytest.mark.parametrize("measure", ["agreement", "accuracy", "confidence"])
def test_pictures_that_changed_with_harm_are_learned(measure: str) -> None:
    drop: Any = ConfidenceDrop(0.2, 0.001) if measure == "confidence" else LOWER
    assert decided(replace(UNHARMED, **{measure: drop})).action == Action.RETRAIN


def test_harm_is_tested_at_the_threshold_if_that_is_larger() -> None:
    lenient = replace(UNHARMED, drift=replace(UNHARMED.drift, threshold=0.3))
    assert decided(lenient).action == Action.RETRAIN


def test_unknown_people_are_reported_as_a_change_of_the_population() -> None:
    decision = decided(replace(NO_DRIFT, population=MANY_UNKNOWN))
    assert decision.action == Action.REPORT
    assert decision.findings == (FindingKind.POPULATION,)
    assert "9 of 40 faces resemble no enrolled person" in decision.reason
    assert decision.remedy.startswith("enrol new people")
    assert not decision.drifted
    few = replace(MANY_UNKNOWN, unknown=3, p_value=0.3)
    assert decided(replace(NO_DRIFT, population=few)).action == Action.NONE


def test_a_failing_camera_is_not_a_change_of_the_population() -> None:
    quality = QualityResult(images=8, unusual=7, measure="brightness", p_value=1e-8)
    result = replace(TOO_SMALL, quality=quality, population=replace(MANY_UNKNOWN, p_value=1e-9))
    decision = decided(result)
    assert decision.findings == (FindingKind.CAMERA,)
    assert decision.remedy == "check the camera"
    assert decision.drifted


def test_silence_is_reported() -> None:
    policy = RetrainingPolicy(1, 1, minimum_labels=10)
    decision = decide(TOO_SMALL, FeedbackVerification(0), (), policy, silence_hours=26.2)
    assert decision.action == Action.ALERT
    assert decision.reason.startswith("No face has arrived for 26 hours; not tested for drift")
    assert decision.remedy == "check the camera and the clients of the endpoint"
    assert not decision.drifted
