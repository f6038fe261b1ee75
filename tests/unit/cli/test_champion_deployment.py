"""Which version the registry's champion stands for, and when it is deployed."""

from types import SimpleNamespace
from typing import Any

import pytest
import requests

from cli import champion_deployment
from cli.champion_deployment import deploy_champion, dispatch_to_github
from components.tracking.mlflow import MLflowTracker
from faces.errors import OperationError, UserError
from store.production import ROLLED_BACK


def version(number: int, stage: str | None, **metadata: str) -> Any:
    return SimpleNamespace(id=number, number=number, stage=stage, run_metadata=metadata)


class World:
    """The registry's champion, ZenML's versions, and what is live."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.versions = {"1": version(1, "archived"), "2": version(2, "production")}
        self.production: Any = self.versions["2"]
        self.pending: Any = None
        self.release: Any = None
        self.champion: str | None = "1"
        self.live = "2"
        self.deployed: list[int] = []
        self.moved = True
        self.other_runs: list[list[str]] = []
        tracker = MLflowTracker()
        monkeypatch.setattr(tracker, "champion", lambda: self.champion, raising=False)
        deployer = SimpleNamespace(served_version=lambda: self.live)
        for name, value in {
            "_other_runs": lambda: self.other_runs.pop(0) if self.other_runs else [],
            "active_tracker": lambda: tracker,
            "active_deployer": lambda: deployer,
            "version_in_registry": lambda registered: self.versions.get(registered),
            "production_version": lambda: self.production,
            "pending_champion": lambda: self.pending,
            "latest_release": lambda: self.release,
            "set_production": self.set_production,
            "mark_champion": lambda found: None,
        }.items():
            monkeypatch.setattr(champion_deployment, name, value)

    def set_production(self, found: Any, instead_of: Any) -> bool:
        assert instead_of is self.production
        if self.moved:
            self.production = found
        return self.moved

    def deploy(self) -> str:
        def act(number: int) -> str:
            self.deployed.append(number)
            self.live = str(number)
            return f"deployed version {number}"

        return deploy_champion(act)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_the_champion_goes_into_production_and_is_deployed_once(world: World) -> None:
    assert world.deploy() == "deployed version 1"
    assert world.production.number == 1
    assert world.deploy() == "nothing to do: version 1 is live"
    assert world.deployed == [1]


def test_a_version_in_production_that_is_not_live_is_deployed(world: World) -> None:
    world.champion, world.live = "2", "1"
    assert world.deploy() == "deployed version 2"


@pytest.mark.parametrize(
    ("champion", "found", "message"),
    [
        (None, None, "no version has the alias 'champion'"),
        ("3", None, "not in ZenML"),
        ("3", version(3, None), "not passed the promotion gate"),
        ("3", version(3, "staging"), "not passed the promotion gate"),
        ("3", version(3, "archived", **{ROLLED_BACK: "worse"}), "was rolled back"),
    ],
)
def test_other_versions_are_refused(
    world: World, champion: str | None, found: Any, message: str
) -> None:
    world.champion = champion
    if found:
        world.versions["3"] = found
    with pytest.raises(UserError, match=message):
        world.deploy()
    assert (world.deployed, world.production.number) == ([], 2)


def test_a_promotion_that_is_under_way_is_not_undone(world: World) -> None:
    world.pending = world.production
    assert "being promoted" in world.deploy()
    assert (world.deployed, world.production.number) == ([], 2)


def test_a_canary_release_is_not_cut_short(world: World) -> None:
    world.champion = "2"
    world.release = SimpleNamespace(candidate=2, phase=SimpleNamespace(is_active=True))
    assert "canary release" in world.deploy()
    assert world.deployed == []


def test_production_that_changes_meanwhile_is_left_alone(world: World) -> None:
    world.moved = False
    with pytest.raises(OperationError, match="another run changed production"):
        world.deploy()
    assert world.deployed == []


def test_unfinished_runs_are_waited_for_and_reported_once(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(champion_deployment, "POLL_SECONDS", 0)
    world.other_runs = [["training-1"], ["training-1"], []]
    world.deploy()
    assert capsys.readouterr().out == "waiting for training-1\n"
    assert world.deployed == [1]


def test_github_is_asked_to_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Any] = {}
    response = requests.Response()
    response.status_code = 204

    def post(url: str, **options: Any) -> requests.Response:
        sent.update(url=url, **options)
        return response

    monkeypatch.setattr(requests, "post", post)
    assert "version 7" in dispatch_to_github("owner/name", "token", 7)
    assert sent["url"].endswith("/repos/owner/name/dispatches")
    assert sent["json"]["client_payload"] == {"version": "7", "deploy": "true"}
    assert sent["headers"]["Authorization"] == "Bearer token"
    response.status_code = 404
    with pytest.raises(OperationError, match="version 7 is in production and not deployed"):
        dispatch_to_github("owner/name", "token", 7)
