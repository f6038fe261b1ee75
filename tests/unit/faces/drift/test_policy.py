from typing import Any

import pytest

from faces.drift.policy import decide

QUIET: dict[str, Any] = {
    "verdict": "none", "detected": False, "reason": "p = 0.4", "threshold": 0.01,
    "labelled": 50, "accuracy": None,
}  # fmt: skip
DRIFT = QUIET | {"verdict": "drift", "detected": True, "reason": "p = 0.001"}
WORSE = {"p_value": 0.001, "now": 0.6, "before": 0.95}


def made(drift: dict[str, Any], *former: bool, windows: int = 1, needed: int = 1):
    return decide(drift, former, windows=windows, needed=needed, minimum_labels=10)


@pytest.mark.parametrize(
    ("drift", "decision", "reason"),
    [
        (QUIET, "none", "no drift: p = 0.4"),
        (QUIET | {"verdict": "not_enough_evidence"}, "not_enough_evidence", "p = 0.4"),
        (DRIFT, "retrain", "data drift: p = 0.001"),
        (QUIET | {"accuracy": WORSE}, "retrain", "model drift: accuracy 0.600, was 0.950"),
        (QUIET | {"accuracy": WORSE | {"p_value": 0.2}}, "none", "no drift"),
        (DRIFT | {"labelled": 9}, "alert", "data drift: p = 0.001; 9 faces have a label and 10"),
        (DRIFT | {"accuracy": WORSE}, "retrain", "data drift: p = 0.001; model drift"),
    ],
)
def test_what_is_done(drift: dict[str, Any], decision: str, reason: str) -> None:
    found = made(drift)
    assert found.decision == decision
    assert found.reason.startswith(reason)


def test_drift_in_k_of_the_last_m_windows() -> None:
    assert made(DRIFT, windows=3, needed=2).decision == "wait"
    assert made(DRIFT, True, windows=3, needed=2).decision == "retrain"
    assert made(DRIFT, True, False, windows=3, needed=2).decision == "retrain"
    assert made(DRIFT, True, False, False, windows=3, needed=2).decision == "wait"
    assert made(DRIFT, True, True, windows=1, needed=1).decision == "retrain"
    assert made(QUIET, True, True, windows=3, needed=2).decision == "none"
