from collections.abc import Iterator
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
from tests.unit.components.deployers.seldon_kubernetes.pods import pod

CONFIG = SeldonKubernetesConfig(base_url="http://x", models="/models", captured="gs://b/c")


def deployment(version: str) -> dict[str, Any]:
    model = StoredModel(version, f"gs://b/{version}.npz", version)
    server = ServingSettings().for_server("face-recognizer", "/data")
    return make_manifest(CONFIG, "image", server, model, Tokens("token"))


class Cluster:
    """Holds one deployment; pods of the versions in `broken` never start."""

    def __init__(self, present: dict[str, Any] | None, broken: set[str]) -> None:
        self.present, self.broken = present, broken

    def find(self) -> dict[str, Any] | None:
        return self.present

    def apply(self, desired: dict[str, Any], replaces: dict[str, Any] | None) -> None:
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
        return {"model_version": read_model(self.present).version} if self.present else {}


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(rollout, "PERSISTENT_SECONDS", 0.0)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(module, "SWITCH_TIMEOUT_SECONDS", 0.0)


def update(
    cluster: Cluster, version: str, monkeypatch: pytest.MonkeyPatch, health: Any = None
) -> None:
    monkeypatch.setattr(module, "health", health or cluster.health)
    rolling_update(cluster, deployment(version), cluster.present, "http://x", {}, 5)  # type: ignore[arg-type]


def test_the_new_version_replaces_the_previous_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    update(cluster, "2", monkeypatch)
    assert cluster.present == deployment("2")


def test_the_previous_version_is_restored_if_a_pod_cannot_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster(deployment("1"), broken={"2"})
    with pytest.raises(OperationError, match=r"version 2: pod .*; version 1 stays live"):
        update(cluster, "2", monkeypatch)
    assert cluster.present == deployment("1")


def test_a_first_deployment_that_cannot_start_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(None, broken={"1"})
    with pytest.raises(OperationError, match="it was deleted again"):
        update(cluster, "1", monkeypatch)
    assert cluster.present is None


def test_ready_pods_that_do_not_respond_are_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken=set())
    with pytest.raises(
        OperationError, match="but nothing responds at http://x; version 1 stays live"
    ):
        update(cluster, "2", monkeypatch, lambda url, headers: {})
    assert cluster.present == deployment("1")


def test_the_first_deployment_waits_for_the_load_balancer(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(None, broken=set())
    responses: Iterator[dict[str, str]] = iter([{}, {}, {}])
    update(cluster, "1", monkeypatch, lambda *args: next(responses, None) or cluster.health(*args))
    assert cluster.present == deployment("1")


def test_a_failed_rollback_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(deployment("1"), broken={"1", "2"})
    with pytest.raises(OperationError, match=r"and the rollback failed: pod pod-.* cannot start"):
        update(cluster, "2", monkeypatch)
