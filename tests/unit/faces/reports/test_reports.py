import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces
from faces.drift.policy import ALERT, NONE, NOT_ENOUGH_EVIDENCE, RETRAIN
from faces.reports.drift_report import draw_drift_page
from faces.reports.timeline import MAX_EVENTS, draw_history_page

EVIL = "<script>alert(1)</script>"
PICTURE = re.compile(r'<img src="data:image/png;base64,[A-Za-z0-9+/=]+" alt="[^"<>]+">')


def decided(minute: int, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "run": str(minute), "when": f"2026-11-24T10:{minute:02}:00+00:00", "decision": kind,
        "reason": f"because of {minute}", "window": 30, "subjects": 12, "labelled": 30,
        "version": 1, "p_value": 0.5, "threshold": 0.01, **more,
    }  # fmt: skip


def deployed(minute: int, version: int, kind: str = "deployment") -> dict[str, Any]:
    when = f"2026-11-24T10:{minute:02}:00+00:00"
    return {"kind": kind, "version": str(version), "when": when, "reason": "so", "who": "ada"}


ACCURACY = {
    "accuracy_now": 0.6, "accuracy_low": 0.5, "accuracy_high": 0.7, "accuracy_before": 0.95,
}  # fmt: skip
VERSION = {
    "number": 2, "stage": "production", "baseline": 0.95, "drifted": None, "data": "olivetti ab",
    "gate": "promoted",
}  # fmt: skip
ABOUT = {"name": "face-recognizer", "stack": "local"}


def check_self_contained(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page), "nothing is fetched"


def test_the_history_tells_what_happened_newest_first(drawn: Faces) -> None:
    made = [
        decided(2, NONE), decided(4, NOT_ENOUGH_EVIDENCE, p_value=None),
        decided(6, RETRAIN, p_value=0.001, **ACCURACY),
    ]  # fmt: skip
    windows = {"6": drawn[np.arange(12)]}
    back = deployed(9, 1, "rollback")
    page = draw_history_page(
        ABOUT, made, [deployed(1, 1), deployed(7, 2), back], [VERSION], windows
    )
    check_self_contained(page)
    assert len(PICTURE.findall(page)) == 2, "the timeline, and one window's faces"
    assert "Version 1 is live." in page
    assert "3 windows checked, 1 led to retraining" in page
    told = re.findall(r'badge ([a-z_]+)"', page)
    assert told == [
        "rollback", "deployment", "retrain", "not_enough_evidence", "none", "deployment",
    ]  # fmt: skip
    assert "because of 6." in page


def test_a_history_without_any_event_says_what_to_do() -> None:
    page = draw_history_page(ABOUT, [], [], [], {})
    check_self_contained(page)
    assert "Nothing was deployed yet." in page
    assert "--pipeline deployment" in page


def test_a_long_history_stays_readable() -> None:
    page = draw_history_page(
        ABOUT, [decided(n % 60, NONE) for n in range(MAX_EVENTS + 50)], [], [], {}
    )
    assert page.count('class="badge none"') == MAX_EVENTS
    assert "50 earlier events are in the timeline only" in page


def test_what_comes_from_outside_is_escaped() -> None:
    page = draw_history_page(ABOUT, [decided(1, ALERT, reason=EVIL)], [], [], {})
    check_self_contained(page)
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("labelled", [True, False])
def test_the_drift_page_shows_verdict_faces_and_columns(drawn: Faces, labelled: bool) -> None:
    window = drawn[np.arange(20)]
    truth = np.where(np.arange(20) < 3, "someone else", window.labels) if labelled else ""
    window = Faces(window.images, window.labels, pd.DataFrame({"truth": truth},
                   index=range(20)), "captured")  # fmt: skip
    rng = np.random.default_rng(0)
    names = ["brightness", "turn"]
    reference = pd.DataFrame(rng.normal(size=(50, 2)), columns=names)
    measured = pd.DataFrame(rng.normal(2.0, size=(20, 2)), columns=names)
    columns = pd.DataFrame(
        {"column": names, "before": [0.0, 0.1], "now": [2.0, 2.1], "p_value": [0.5, 1e-9],
         "drifted": [False, True]}
    )  # fmt: skip
    accuracy = {"before": 0.95, "now": 0.85, "low": 0.6, "high": 0.95} if labelled else None
    drift = {
        "window": 20, "subjects": 12, "version": 1, "p_value": 0.001, "threshold": 0.01,
        "labelled": 20 if labelled else 0, "accuracy": accuracy, "confidence_drop": 0.1,
        "confidence_p_value": 0.02,
    }  # fmt: skip
    decision = {"decision": ALERT, "reason": f"p = 0.001 {EVIL}"}
    page = draw_drift_page(drawn, window, drift, decision, reference, measured, columns)
    check_self_contained(page)
    assert len(PICTURE.findall(page)) == 2
    assert ("0.850 of 20 with feedback" in page) == labelled
    assert ("no feedback came" in page) != labelled
    rows = re.findall(r'<tr class="(drifted)?"><td>(\w+)', page)
    assert rows == [("drifted", "turn"), ("", "brightness")], "the most drifted one first"
