from types import SimpleNamespace
from typing import Any

import pytest

from components.deployers.endpoint import Replaced
from components.deployers.settings import ServingSettings
from faces.errors import OperationError
from steps.deployment import verify_endpoint as module
from store.records import Rollout

SETTINGS = ServingSettings().for_server("faces", "/x")


class Deployer:
    """A deployer that serves `version`, and records what was restored."""

    def __init__(self, version: str) -> None:
        self.version, self.restored = version, [object()]

    def endpoint(self) -> Any:
        return SimpleNamespace()

    def served_version(self) -> str:
        return self.version

    def restore(self, replaced: Replaced | None, instead_of: str) -> bool:
        if self.version != instead_of:
            return False
        self.restored = [replaced]
        return True


def verify(monkeypatch: pytest.MonkeyPatch, deployer: Deployer, rollout: Rollout) -> str:
    """Verify a rollout whose endpoint fails; returns the error."""

    def fail(*_: object) -> float:
        raise OperationError("the endpoint's classes differ from the model's")

    monkeypatch.setattr(module, "active_deployer", lambda: deployer)
    monkeypatch.setattr(module, "compare", fail)
    with pytest.raises(OperationError) as raised:
        module.verify_endpoint.entrypoint(rollout, 8)
    return str(raised.value)


def test_the_previous_version_is_restored_with_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deployer = Deployer("2")
    error = verify(monkeypatch, deployer, Rollout("http://x", 2, 1, None, SETTINGS))
    assert error.startswith("version 2 was withdrawn, version 1 is live again: the endpoint's")
    assert deployer.restored == [Replaced("1", SETTINGS)]


def test_a_first_deployment_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    deployer = Deployer("1")
    error = verify(monkeypatch, deployer, Rollout("http://x", 1, None, None))
    assert error.startswith("version 1 was withdrawn, nothing is live: ")
    assert deployer.restored == [None]


def test_what_another_run_has_deployed_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    deployer = Deployer("3")
    before = deployer.restored
    error = verify(monkeypatch, deployer, Rollout("http://x", 2, 1, None, SETTINGS))
    assert error.startswith("version 2 failed, but another run has deployed version 3 meanwhile")
    assert deployer.restored is before


def test_a_large_models_answer_has_some_of_its_classes_and_no_others() -> None:
    few, many = ["ada", "bob"], [f"{number:04d}" for number in range(1_001)]
    assert module._columns(few, few) == [0, 1]
    assert module._columns(many, ["0007", "0003"]) == [7, 3]
    for classes, answered in ((few, ["bob"]), (few, ["bob", "ada"]), (many, ["0007", "eve"])):
        with pytest.raises(OperationError, match="classes differ"):
            module._columns(classes, answered)
