import pytest

from components import tracking
from components.checks import CheckFailed, Component, preflight
from components.tracking.mlflow import MLflowTracker
from components.tracking.wandb import WandbTracker

SERVER = Component("experiment_tracker", "t", "mlflow", {"tracking_uri": "https://mlflow.example"})
LOCAL = Component("experiment_tracker", "t", "mlflow", {})
REGISTRY = Component("model_registry", "r", "mlflow", {"tracking_uri": "https://mlflow.example"})


def test_trackers_are_found_by_the_name_of_their_module() -> None:
    assert {name: type(tracker) for name, tracker in tracking.trackers().items()} == {
        "mlflow": MLflowTracker,
        "wandb": WandbTracker,
    }
    assert tracking.packages()["wandb"].install == "make setup-wandb"


def test_only_a_tracker_with_a_server_has_a_server_to_check() -> None:
    assert [check.part for check in tracking.checks_for([SERVER, REGISTRY])] == ["MLflow server"]
    assert list(tracking.checks_for([LOCAL])) == []
    file = Component("experiment_tracker", "t", "mlflow", {"tracking_uri": "sqlite:///mlflow.db"})
    assert list(tracking.checks_for([file])) == []


def test_a_server_that_does_not_respond_is_reported_before_a_run() -> None:
    tracker = Component("experiment_tracker", "t", "mlflow", {"tracking_uri": "http://127.0.0.1:9"})
    with pytest.raises(CheckFailed, match=r"127.0.0.1:9 does not respond"):
        preflight(tracking.checks_for([tracker]))


def test_wandb_has_no_registry_and_mlflow_needs_one() -> None:
    needs = {name: t.needs_model_registry for name, t in tracking.trackers().items()}
    assert needs == {"mlflow": True, "wandb": False}
