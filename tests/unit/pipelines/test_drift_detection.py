from typing import Any

import pytest

from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action
from faces.drift.result import DriftResult, DriftVerdict
from pipelines.shared.drift_summary import DriftSummary
from pipelines.shared.summary import RunInfo


def next_steps(decision: Action, verdict: DriftVerdict = DriftVerdict.DRIFT, **outcome: Any) -> str:
    drift = DriftResult(verdict, "", None, None, 0.01, 20, 9, "moments")
    summary = DriftSummary.model_construct(
        run=RunInfo(name="drift-1", status="completed", id="1"),
        drift=MonitoringResult(drift, 0, None, None, version=1),
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


def test_after_a_failure_of_the_camera_people_look_at_the_faces() -> None:
    steps = next_steps(Action.ALERT, DriftVerdict.NOT_ENOUGH_EVIDENCE)
    assert steps == "look at the faces in the report, then at the camera and the deployed version"


def test_without_drift_there_is_nothing_to_do_next() -> None:
    assert next_steps(Action.NONE) == ""
