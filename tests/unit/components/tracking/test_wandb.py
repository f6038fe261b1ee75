import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.checks import CheckFailed, Component
from components.tracking.wandb import FOLDERS, WandbTracker

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


def test_trainings_on_a_data_version_are_deleted_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for variable in FOLDERS:
        monkeypatch.setenv(variable, str(tmp_path))
    for run, version in (("1", "c1d87ac550e4"), ("2", "0a5e9e7c31f2")):
        folder = tmp_path / "wandb" / f"offline-run-{run}"
        folder.mkdir(parents=True)
        (folder / "run.wandb").write_bytes(b"\x00config " + version.encode())
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "model.npz").touch()
    tracker = WandbTracker()
    monkeypatch.setattr(WandbTracker, "prepare", lambda self: None)
    assert tracker.delete_trainings(["c1d87ac550e4"]) == 1
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert left == ["wandb/offline-run-2/run.wandb"]


def test_trainings_on_a_data_version_are_deleted_online(monkeypatch: pytest.MonkeyPatch) -> None:
    deleted: list[bool] = []
    run = SimpleNamespace(delete=lambda delete_artifacts: deleted.append(delete_artifacts))
    asked: list[tuple[str, Any]] = []

    def runs(path: str, filters: dict[str, Any]) -> list[Any]:
        asked.append((path, filters))
        return [run]

    api = SimpleNamespace(runs=runs, default_entity="ada")
    config = SimpleNamespace(entity=None, project_name="faces")
    stack = SimpleNamespace(experiment_tracker=SimpleNamespace(config=config))
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setattr(WandbTracker, "prepare", lambda self: None)
    monkeypatch.setattr(
        "components.tracking.wandb.Client", lambda: SimpleNamespace(active_stack=stack)
    )
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(Api=lambda: api))
    assert WandbTracker().delete_trainings(["c1"]) == 1
    assert asked == [("ada/faces", {"config.data_version": {"$in": ["c1"]}})]
    assert deleted == [True]
