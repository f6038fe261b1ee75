from faces.drift.policy import Action, DriftDecision
from steps.monitoring.send_alert import describe
from store.records import Promotion

RETRAIN = DriftDecision(Action.RETRAIN, "Data drift: p = 0.001")


def test_an_alert_about_a_rejected_version_names_nobody() -> None:
    reason, anonymous = "rejected: it no longer recognises s01", "rejected: tests of single people"
    promotion = Promotion("face-recognizer", 2, "none", False, reason, None, anonymous)
    assert describe(RETRAIN, promotion, None) == (
        f"Data drift: p = 0.001. The new model was not deployed: {anonymous}."
    )


def test_an_alert_gives_the_gates_reason_if_it_names_nobody() -> None:
    promotion = Promotion("face-recognizer", 2, "none", False, "rejected: worse", None)
    assert describe(RETRAIN, promotion, None).endswith("was not deployed: rejected: worse.")
