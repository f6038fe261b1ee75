import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.drift import DriftResult, DriftVerdict
from faces.drift.accuracy import AccuracyDrop
from faces.drift.confidence import ConfidenceDrop
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action, DriftDecision
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
)
from faces.reports.drift_report import draw_drift_report
from faces.reports.timeline import MAX_EVENTS, draw_timeline_page
from faces.reports.timeline_records import DecisionRecord, DeploymentEvent, VersionRow
from faces.reports.window_images import captioned, sample_rows

EVIL = "<script>alert(1)</script>"
IMAGE = re.compile(r'<img src="data:image/png;base64,[A-Za-z0-9+/=]+" alt="[^"<>]+">')
NAME, STACK = "face-recognizer", "local"
ACCURACY = AccuracyDrop(before=0.95, now=0.6, low=0.5, high=0.7, p_value=0.001)
VERSION = VersionRow(2, "production", 0.95, None, "olivetti ab", "promoted")


def at(minute: int) -> datetime:
    return datetime(2026, 11, 24, 10, minute, tzinfo=UTC)


def decision(minute: int, action: Action) -> DecisionRecord:
    return DecisionRecord(
        run=str(minute), when=at(minute), action=action, reason=f"Reason {minute}", images=30,
        identities=12, labelled=30, version=1, p_value=0.5, threshold=0.01, accuracy=None,
    )  # fmt: skip


def deployment(minute: int, version: int, kind: str = "deployment") -> DeploymentEvent:
    return DeploymentEvent(kind, version, at(minute), "requested", "ada")


def window_of(faces: Faces) -> Window:
    """Twenty faces, recognised correctly."""
    rows = np.arange(20)
    return Window(
        images=faces.images[rows],
        predicted=faces.labels[rows].astype("U20"),
        labels=np.full(20, "", dtype="U40"),
        confidence=np.full(20, 0.8),
        versions=np.full(20, "1"),
        times=rows,
    )


def check_self_contained(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page), "nothing is fetched"


def test_the_timeline_lists_events_newest_first(drawn: Faces) -> None:
    decisions = [
        decision(2, Action.NONE),
        replace(decision(4, Action.NOT_ENOUGH_EVIDENCE), p_value=None),
        replace(decision(6, Action.RETRAIN), p_value=0.001, accuracy=ACCURACY),
    ]
    deployments = [deployment(1, 1), deployment(7, 2), deployment(9, 1, "rollback")]
    windows = {"6": window_of(drawn)}
    page = draw_timeline_page(NAME, STACK, decisions, deployments, [VERSION], windows)
    check_self_contained(page)
    assert len(IMAGE.findall(page)) == 2, "the plot, and the faces of one window"
    assert "Version 1 is live." in page
    assert "3 windows checked, 1 led to retraining" in page
    assert re.findall(r'badge ([a-z_]+)"', page) == [
        "rollback", "deployment", "retrain", "not_enough_evidence", "none", "deployment",
    ]  # fmt: skip
    assert "Reason 6." in page
    assert (
        "30 distinct images of 12 identities, 30 faces with feedback; reference: version 1" in page
    )
    assert "Version 2 deployed: requested." in page
    assert "2026-11-24 10:06:00" in page


def test_the_timeline_has_a_row_for_each_version() -> None:
    page = draw_timeline_page(NAME, STACK, [], [], [VERSION, replace(VERSION, number=1)], {})
    assert re.findall(r'<tr><td class="number">(\d+)</td><td>production</td>', page) == ["2", "1"]
    assert page.count('<td class="number">0.950</td>') == 2
    assert page.count('<td class="number">–</td>') == 2


def test_an_empty_timeline_shows_which_command_to_run() -> None:
    page = draw_timeline_page(NAME, STACK, [], [], [], {})
    check_self_contained(page)
    assert not IMAGE.findall(page), "empty axes show nothing"
    assert "No version has been deployed." in page
    assert "--pipeline deployment" in page


def test_a_first_deployment_is_not_plotted() -> None:
    page = draw_timeline_page(NAME, STACK, [], [deployment(1, 1)], [], {})
    assert not IMAGE.findall(page), "empty axes show nothing"
    assert "--pipeline drift_detection" in page


def test_a_long_timeline_stays_readable() -> None:
    decisions = [decision(n % 60, Action.NONE) for n in range(MAX_EVENTS + 50)]
    page = draw_timeline_page(NAME, STACK, decisions, [], [], {})
    assert page.count('class="badge none"') == MAX_EVENTS
    assert "50 earlier events are shown in the plot only" in page


def test_text_in_the_timeline_is_escaped() -> None:
    record = replace(decision(1, Action.ALERT), reason=EVIL)
    page = draw_timeline_page(NAME, STACK, [record], [], [], {})
    check_self_contained(page)
    assert "&lt;script&gt;" in page


RESULT = MonitoringResult(
    drift=DriftResult(DriftVerdict.DRIFT, "p = 0.001", 6.5, 0.001, 0.01, 20, 12, "moments"),
    labelled=20,
    confidence=ConfidenceDrop(0.1, 0.02),
    accuracy=AccuracyDrop(before=0.95, now=0.85, low=0.6, high=0.95, p_value=0.1),
    version=1,
)
NAMES = ["brightness", "yaw"]


def report(
    trained: Faces,
    window: Window,
    result: MonitoringResult,
    differs: Sequence[bool] = (False, True),
    quarantined: Sequence[QuarantinedLabel] = (),
) -> str:
    rng = np.random.default_rng(0)
    reference = pd.DataFrame(rng.normal(size=(50, 2)), columns=NAMES)
    measured = pd.DataFrame(rng.normal(2.0, size=(len(window), 2)), columns=NAMES)
    columns = pd.DataFrame(
        {"column": NAMES, "before": [0.0, 0.1], "now": [2.0, 2.1], "p_value": [0.5, 1e-9],
         "differs": differs}
    )  # fmt: skip
    decided = DriftDecision(Action.ALERT, f"p = 0.001 {EVIL}")
    feedback = FeedbackVerification(result.labelled, tuple(quarantined))
    return draw_drift_report(
        trained, window, feedback, result, decided, reference, measured, columns
    )


@pytest.mark.parametrize("labelled", [True, False])
def test_the_drift_report_shows_decision_faces_and_columns(drawn: Faces, labelled: bool) -> None:
    window, result = window_of(drawn), RESULT
    if labelled:
        window.labels[:] = window.predicted
    else:
        result = replace(RESULT, labelled=0, accuracy=None)
    page = report(drawn, window, result)
    check_self_contained(page)
    assert "&lt;script&gt;" in page
    assert len(IMAGE.findall(page)) == 2
    assert ("<b>no</b>: p = 0.1 is above the level 0.01, Fisher" in page) == labelled
    assert ("0.850\n    (95 % interval 0.600 to 0.950);" in page) == labelled
    assert ("no feedback on answers of version 1" in page) != labelled
    assert f"{20 if labelled else 0} labelled faces" in page
    assert "-0.100 compared with the baseline test (p = 0.02)" in page
    assert "<b>yes</b>: p = 0.001 is at most the level 0.01, all features tested" in page
    rows = re.findall(r'<tr class="(differs)?"><td>(\w+)', page)
    assert rows == [("differs", "yaw"), ("", "brightness")], "the smallest p-value first"


def test_the_drift_report_shows_quarantined_feedback(drawn: Faces) -> None:
    window = window_of(drawn)
    window.labels[:] = window.predicted
    quarantined = (
        QuarantinedLabel(0, QuarantineReason.IMPLAUSIBLE, 0.1),
        QuarantinedLabel(3, QuarantineReason.NOT_ENROLLED, None),
    )
    page = report(drawn, window, RESULT, quarantined=quarantined)
    check_self_contained(page)
    assert "20 labelled faces; quarantined: 1 implausible, 1 not enrolled" in page
    assert "<h2>Quarantined feedback</h2>" in page
    assert len(IMAGE.findall(page)) == 3


WITHOUT_DRIFT = replace(RESULT.drift, verdict=DriftVerdict.NONE, p_value=0.02)


@pytest.mark.parametrize(
    ("drift", "differs", "expected"),
    [
        (RESULT.drift, [True, True], "At level 0.01, yaw, brightness differ."),
        (RESULT.drift, [False, False], "can add up in the test of all"),
        (WITHOUT_DRIFT, [False, True], "a larger window may show whether it is drift"),
        (WITHOUT_DRIFT, [False, False], "No single feature differs at level 0.01."),
    ],
)
def test_only_the_test_of_all_features_is_called_drift(
    drawn: Faces, drift: DriftResult, differs: list[bool], expected: str
) -> None:
    page = " ".join(report(drawn, window_of(drawn), replace(RESULT, drift=drift), differs).split())
    assert expected in page
    assert ("<b>yes</b>: p = 0.001" in page) == drift.detected
    assert page.count("<td>differs</td>") == sum(differs)
    assert "drifted" not in page
    explained = ("can add up" in page, "a larger window" in page)
    assert explained == (
        drift.detected and not any(differs),
        any(differs) and not drift.detected,
    )


def test_the_drift_report_leaves_out_what_was_not_measured(drawn: Faces) -> None:
    untested = replace(RESULT.drift, p_value=None, statistic=None)
    page = report(drawn, window_of(drawn), replace(RESULT, drift=untested, confidence=None))
    assert "not tested" in page
    assert "<th>confidence</th>" not in page


def test_the_drift_report_counts_ignored_feedback(drawn: Faces) -> None:
    window = window_of(drawn)
    assert "feedback records ignored" not in report(drawn, window, RESULT)
    page = report(drawn, replace(window, unmatched_feedback=3), RESULT)
    assert "3 feedback records ignored, because they match no request" in page


def test_captions_show_the_prediction_and_the_label(drawn: Faces) -> None:
    window = window_of(drawn)
    window.predicted[:5] = ["ada", "ada", "ada", "unknown", "ada"]
    window.labels[:5] = ["", "ada", "bob", "bob", "Ada, Countess of Lovelace"]
    tiles = captioned(window, range(5))
    assert [caption for _, caption in tiles] == [
        "ada", "ada ✓", "ada ✗\n(bob)", "unknown ✗\n(bob)", "ada ✗\n(Ada, Cou…lace)",
    ]  # fmt: skip
    assert np.array_equal(tiles[2][0], window.images[2])


def test_the_shown_faces_cover_as_many_identities_as_possible(drawn: Faces) -> None:
    window = window_of(drawn)
    window.predicted[:] = [f"person {row // 4}" for row in range(20)]
    rows = sample_rows(window)
    assert len(rows) == 10
    assert len(set(window.predicted[rows])) == 5
