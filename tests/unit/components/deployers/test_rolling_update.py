from typing import Any

import pytest

from components.deployers.seldon_kubernetes import rolling_update as module
from components.deployers.seldon_kubernetes import rollout
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.manifest import make_manifest, read_model, revision
from components.deployers.seldon_kubernetes.rolling_update import rolling_update
from components.deployers.settings import ServingSettings
from faces.errors import OperationError
from tests.unit.components.deployers.pods import pod

CONFIG = SeldonKubernetesConfig(base_url="http://x", models="/models", captured="gs://b/c")


def deployment(version: str) -> dict[str, Any]:
    model = {"version": version, "uri": f"gs://b/{version}.npz", "hash": version}
    settings = ServingSettings().for_server("face-recognizer", "/data")
    return make_manifest(CONFIG, "image", settings, model, "token")


class Cluster:
    """Holds one deployment; pods of the versions in `broken` never come up."""

    def __init__(self, present: dict[str, Any] | None, broken: set[str]) -> None:
        self.present, self.broken = present, broken

    def find(self) -> dict[str, Any] | None:
        return self.present

    def put(self, wanted: dict[str, Any], instead_of: dict[str, Any] | None) -> None:
        self.present = wanted

    def delete(self) -> None:
        self.present = None

    def pods(self) -> list[dict[str, Any]]:
        assert self.present is not None
        broken = read_model(self.present)["version"] in self.broken
        waiting = "CrashLoopBackOff" if broken else ""
        return [pod(revision(self.present), not broken, waiting)] * CONFIG.replicas

    def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
        return ""

    def answers(self, url: str, headers: dict[str, str]) -> dict[str, str]:
        return {"model_version": read_model(self.present)["version"]} if self.present else {}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(module, "SWITCH_TIMEOUT_SECONDS", 0.0)


def turn(
    cluster: Cluster, version: str, monkeypatch: pytest.MonkeyPatch, answers: Any = None
) -> None:
    monkeypatch.setattr(module, "health", answers or cluster.answers)
    rolling_update(cluster, deployment(version), cluster.present, "http://x", "token", 5)  # type: ignore[arg-type]


def test_the_new_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    turn(cluster, "2", monkeypatch)
    assert cluster.present == deployment("2")


def test_the_former_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken={"2"})
    with pytest.raises(OperationError, match=r"version 2: pod .*; version 1 stays live"):
        turn(cluster, "2", monkeypatch)
    assert cluster.present == deployment("1")


def test_a_first_one_that_does_not_come_up_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(None, broken={"1"})
    with pytest.raises(OperationError, match="it was taken away again"):
        turn(cluster, "1", monkeypatch)
    assert cluster.present is None


def test_pods_that_nobody_hears_are_not_live(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    with pytest.raises(
        OperationError, match="but nobody answers at http://x; version 1 stays live"
    ):
        turn(cluster, "2", monkeypatch, lambda url, headers: {})
    assert cluster.present == deployment("1")


def test_what_cannot_be_undone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken={"1", "2"})
    with pytest.raises(
        OperationError, match=r"and it could not be undone: pod pod-.* does not come up"
    ):
        turn(cluster, "2", monkeypatch)
