from typing import Any

import pytest

from components.deployers.seldon_kubernetes import rollout
from components.deployers.seldon_kubernetes.manifest import REVISION
from components.deployers.seldon_kubernetes.rollout import await_rollout
from faces.errors import OperationError
from tests.unit.components.deployers.pods import pod

WANTED = {
    "metadata": {"labels": {REVISION: "new"}},
    "spec": {"predictors": [{"replicas": 2}]},
}


class Told:
    """A cluster that says one thing after another, and then the last."""

    def __init__(self, *looks: list[dict[str, Any]], status: dict[str, Any] | None = None) -> None:
        self.looks, self.status = list(looks), status or {"state": "Creating"}

    def pods(self) -> list[dict[str, Any]]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def find(self) -> dict[str, Any]:
        return {"status": self.status}

    def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
        return f"first\nlast words of {pod}\n\n" if previous else ""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.0)


def wait(cluster: Told, patience: float = 5) -> list[str]:
    said: list[str] = []
    await_rollout(cluster, WANTED, patience, said.append)  # type: ignore[arg-type]
    return said


def test_it_is_done_when_all_are_new_and_ready_and_the_old_ones_go() -> None:
    old, new = pod("old", True), pod("new", True)
    said = wait(
        Told(
            [old, old],
            [old, old, pod("new", False, "ContainerCreating")],
            [old, new, new],
            [pod("old", True, ending=True), new, new],
        )
    )
    assert said == [f"rolling out: {n} of 2 pods are ready …" for n in (0, 0, 2)]


@pytest.mark.parametrize(
    "reason", ["CrashLoopBackOff", "ErrImagePull", "CreateContainerConfigError"]
)
def test_a_pod_that_will_not_come_up_ends_it_with_its_last_words(reason: str) -> None:
    with pytest.raises(OperationError) as told:
        wait(Told([pod("old", True), pod("new", False, reason)]), patience=1e9)
    assert reason in str(told.value)
    assert "it said: last words of pod-new" in str(told.value)


def test_the_former_pods_troubles_are_not_its_own() -> None:
    looks = [pod("old", False, "CrashLoopBackOff"), pod("new", True)], [pod("new", True)] * 2
    assert wait(Told(*looks)) == ["rolling out: 1 of 2 pods are ready …"]


def test_an_end_of_all_pods_is_waited_for() -> None:
    none = {**WANTED, "spec": {"predictors": [{"replicas": 0}]}}
    said: list[str] = []
    cluster = Told([pod("new", True)], [pod("new", True, ending=True)])
    await_rollout(cluster, none, 5, said.append)  # type: ignore[arg-type]
    assert len(said) == 1


def test_patience_ends() -> None:
    with pytest.raises(OperationError, match="1 of 2 pods are ready after 0 s"):
        wait(Told([pod("new", True), pod("new", False)]), patience=0.001)


def test_what_seldon_says_is_told() -> None:
    status = {"state": "Failed", "description": "quota of pods exceeded"}
    with pytest.raises(OperationError, match="Seldon could not deploy it: quota of pods exceeded"):
        wait(Told([], status=status))
