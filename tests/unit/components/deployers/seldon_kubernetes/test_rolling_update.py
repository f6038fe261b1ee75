from typing import Any

import pytest

from components.deployers.model_store import StoredModel
from components.deployers.seldon_kubernetes import rolling_update as module
from components.deployers.seldon_kubernetes import rollout
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.manifest import make_manifest, read_model, revision
from components.deployers.seldon_kubernetes.rolling_update import rolling_update
from components.deployers.settings import ServingSettings
from faces.errors import OperationError
from serving.tokens import Tokens
from tests.unit.components.deployers.clock import Clock
from tests.unit.components.deployers.seldon_kubernetes.pods import pod

CONFIG = SeldonKubernetesConfig(base_url="http://x", models="/models", captured="gs://b/c")
HEADERS = {"Authorization": "Bearer token"}


def deployment(version: str) -> dict[str, Any]:
    model = StoredModel(version, f"gs://b/{version}.npz", version)
    server = ServingSettings().for_server("face-recognizer", "/data")
    return make_manifest(CONFIG, "image", server, model, Tokens("token"))


class Cluster:
    """Holds one deployment; pods of the versions in `broken` never start."""

    def __init__(self, present: dict[str, Any] | None, broken: set[str]) -> None:
        self.present, self.broken, self.asked = present, broken, 0

    def find(self) -> dict[str, Any] | None:
        return self.present

    def apply(self, desired: dict[str, Any], replaces: dict[str, Any] | None) -> None:
        assert replaces is self.present
        self.present = desired

    def delete(self) -> None:
        self.present = None

    def pods(self) -> list[dict[str, Any]]:
        assert self.present is not None
        broken = read_model(self.present).version in self.broken
        waiting = "CrashLoopBackOff" if broken else ""
        return [pod(revision(self.present), not broken, waiting)] * CONFIG.replicas

    def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
        return ""

    def health(self, url: str, headers: dict[str, str]) -> dict[str, str]:
        assert (url, headers) == ("http://x", HEADERS)
        self.asked += 1
        return {"model_version": read_model(self.present).version} if self.present else {}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rollout, "time", clock)
    monkeypatch.setattr(module, "time", clock)
    return clock


def update(
    cluster: Cluster, version: str, monkeypatch: pytest.MonkeyPatch, health: Any = None
) -> None:
    monkeypatch.setattr(module, "health", health or cluster.health)
    rolling_update(cluster, deployment(version), cluster.present, "http://x", HEADERS, 40)  # type: ignore[arg-type]


def test_the_new_version_replaces_the_previous_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    update(cluster, "2", monkeypatch)
    assert cluster.present == deployment("2")
    assert cluster.asked == 2 * CONFIG.replicas


def test_the_previous_version_is_restored_if_a_pod_cannot_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster(deployment("1"), broken={"2"})
    with pytest.raises(OperationError, match=r"version 2: pod .*; version 1 stays live"):
        update(cluster, "2", monkeypatch)
    assert cluster.present == deployment("1")


def test_a_first_deployment_that_cannot_start_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(None, broken={"1"})
    with pytest.raises(OperationError, match=r"; it was deleted again$"):
        update(cluster, "1", monkeypatch)
    assert cluster.present is None


def test_ready_pods_that_do_not_respond_are_rolled_back(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    with pytest.raises(
        OperationError, match="but nothing responds at http://x; version 1 stays live"
    ):
        update(cluster, "2", monkeypatch, lambda url, headers: {})
    assert cluster.present == deployment("1")
    assert clock.slept == 30.5
    with pytest.raises(OperationError, match="but version 0 responds at http://x;"):
        update(cluster, "2", monkeypatch, lambda url, headers: {"model_version": "0"})


def test_several_responses_in_a_row_must_come_from_the_new_version(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    wrong = iter([0, 0, 0, 1])

    def health(url: str, headers: dict[str, str]) -> dict[str, str]:
        tags = cluster.health(url, headers)
        return {"model_version": "1"} if next(wrong, 0) else tags

    update(cluster, "2", monkeypatch, health)
    assert cluster.asked == 4 + 4
    assert clock.slept == 0.5


def test_the_first_deployment_waits_for_the_load_balancer(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(None, broken=set())
    silent = iter([1, 1, 1])
    update(cluster, "1", monkeypatch, lambda *a: {} if next(silent, 0) else cluster.health(*a))
    assert cluster.present == deployment("1")
    assert clock.slept == 1.5
    cluster.present = None
    with pytest.raises(OperationError, match="nothing responds"):
        update(cluster, "1", monkeypatch, lambda *_: {})
    assert clock.slept == 1.5 + 40.5


def test_rollout_and_rollback_have_the_same_time_and_only_the_rollout_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[Any] = []

    def await_rollout(cluster: Cluster, desired: Any, *options: Any) -> None:
        waited.append((read_model(desired).version, *options))
        if len(waited) == 1:
            raise OperationError("failed")

    monkeypatch.setattr(module, "await_rollout", await_rollout)
    with pytest.raises(OperationError, match="version 2: failed; version 1 stays live"):
        update(Cluster(deployment("1"), broken=set()), "2", monkeypatch)
    assert waited == [("2", 40, module.log.info), ("1", 40)]


def test_a_failed_rollback_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken={"1", "2"})
    with pytest.raises(OperationError, match=r"and the rollback failed: pod pod-.* cannot start"):
        update(cluster, "2", monkeypatch)
