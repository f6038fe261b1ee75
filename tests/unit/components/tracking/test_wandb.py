import sys
from types import SimpleNamespace
from typing import Any

import pytest

from components.checks import CheckFailed, Component
from components.tracking.wandb import WandbTracker

PLACEHOLDER = Component("experiment_tracker", "local-wandb", "wandb", {"api_key": "offline"})
WITH_KEY = Component("experiment_tracker", "local-wandb", "wandb", {"api_key": "{{wandb.api_key}}"})


def check(component: Component) -> str:
    (only,) = WandbTracker().checks_for(component)
    assert only.before_runs
    return only.run()


class Api:
    """W&B's public API with two runs of each study."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __call__(self) -> "Api":
        return self

    def runs(self, path: str, filters: dict[str, str]) -> list[Any]:
        self.calls.append((path, filters))
        return [
            SimpleNamespace(config={"trial": "a"}, summary={"accuracy": 0.9, "_runtime": 3}),
            SimpleNamespace(config={"trial": "b"}, summary={"accuracy": 1, "card": {"x": 1}}),
        ]


def test_finished_trials_are_looked_up_online(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    active = SimpleNamespace(offline=False, entity="team", project="faces")
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(Api=api, run=active))
    trials = WandbTracker().finished_trials("study")
    assert trials == {"a": {"accuracy": 0.9}, "b": {"accuracy": 1.0}}
    assert api.calls == [("team/faces", {"group": "study", "state": "finished"})]


def test_no_trial_is_known_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    active = SimpleNamespace(offline=True)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(Api=api, run=active))
    assert WandbTracker().finished_trials("study") == {}
    assert api.calls == []


def test_a_key_is_required_unless_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with pytest.raises(CheckFailed, match="there is no API key"):
        check(PLACEHOLDER)
    assert check(WITH_KEY) == "an API key is configured"
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert check(PLACEHOLDER).startswith("offline mode")


def test_offline_runs_can_be_uploaded_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", "/runs")
    assert WandbTracker().ui_hint() == "wandb sync /runs/wandb/offline-run-*"
