from types import SimpleNamespace
from typing import Any

import pytest

from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action
from faces.drift.result import DriftResult, DriftVerdict
from faces.evaluation.feedback_verification import FeedbackVerification
from pipelines import drift_detection
from pipelines.shared.drift_summary import DriftSummary
from pipelines.shared.summary import RunInfo
from pipelines.shared.training_settings import TrainingSettings
from store.records import Promotion


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


def artifact(value: Any) -> Any:
    return SimpleNamespace(load=lambda: value)


@pytest.mark.parametrize(
    ("people", "withheld", "trained"),
    [((), 0, ["all"]), (("s01",), 0, ["all"]), (("s01",), 3, ["all", "fewer"])],
)
def test_a_version_rejected_because_of_people_is_followed_by_one_without_their_new_labels(
    people: tuple[str, ...], withheld: int, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected = Promotion("face-recognizer", 2, "none", False, "rejected", None, people=people)
    promoted = Promotion("face-recognizer", 3, "production", True, "promoted", 1)
    versions: list[str] = []

    def train_and_gate(faces: str, split: str, **settings: Any) -> tuple[int, Any]:
        versions.append(faces)
        return len(versions) + 1, artifact(rejected if faces == "all" else promoted)

    def withhold_labels(faces: str, split: str, live: Any, promotion: Any) -> tuple[str, str, Any]:
        assert promotion.load().people == people
        return "fewer", "split", artifact(withheld)

    alerts: list[Any] = []
    for name, fake in {
        "add_feedback": lambda *_: ("all", "split"),
        "_training_settings": lambda _: TrainingSettings(),
        "train_and_gate": train_and_gate,
        "withhold_labels": withhold_labels,
        "deploy_model": lambda version, _: version,
        "verify_endpoint": lambda *_: None,
        "record_deployment": lambda *_: None,
        "send_alert": lambda decision, promotion, rollout: alerts.append(rollout),
    }.items():
        monkeypatch.setattr(drift_detection, name, fake)
    feedback = artifact(FeedbackVerification(10))
    window, approved, live, decision = (artifact(None) for _ in range(4))
    drift_detection._retrain(
        drift_detection.DriftSettings(), window, feedback, approved, live, decision
    )
    assert versions == trained
    assert alerts == [3 if len(trained) == 2 else None]
