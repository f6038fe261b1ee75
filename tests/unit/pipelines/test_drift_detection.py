from typing import Any

import pytest

from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action
from pipelines.shared.drift_summary import DriftSummary
from pipelines.shared.summary import RunInfo


def next_steps(decision: Action, **outcome: Any) -> str:
    summary = DriftSummary.model_construct(
        run=RunInfo(name="drift-1", status="completed", id="1"),
        drift=MonitoringResult.__new__(MonitoringResult),
        decision=decision,
        reason="",
        **{
            "retrained": False,
            "promoted": False,
            "deployed_version": None,
            "waits_for_approval_until": None,
            "quarantined": {},
            **outcome,
        },
    )
    return "\n".join(summary.next_steps())


@pytest.mark.parametrize(
    ("decision", "outcome", "offered", "not_offered"),
    [
        (Action.NOT_ENOUGH_EVIDENCE, {}, "after more traffic", "--evidently"),
        (Action.ALERT, {}, "predict FILE --label NAME", "rollback"),
        (Action.WAIT, {}, "--evidently", "rollback"),
        (Action.RETRAIN, {"retrained": True}, "plots of the rejected version", "rollback"),
        (
            Action.RETRAIN,
            {"retrained": True, "waits_for_approval_until": "2026-11-28T20:00:00+00:00"},
            "review --approve drift-1",
            "rejected",
        ),
        (
            Action.RETRAIN,
            {"retrained": True, "promoted": True, "deployed_version": 2},
            "--pipeline rollback",
            "rejected",
        ),
    ],
)
def test_the_next_steps_follow_the_outcome(
    decision: Action, outcome: dict[str, Any], offered: str, not_offered: str
) -> None:
    steps = next_steps(decision, **outcome)
    assert offered in steps
    assert not_offered not in steps


def test_without_drift_there_is_nothing_to_do_next() -> None:
    assert next_steps(Action.NONE) == ""
