from datetime import UTC, datetime
from typing import Any

import pytest

from components.deployers.endpoint import Endpoint, EndpointStatus, State
from components.deployers.seldon_kubernetes import rollout
from components.deployers.seldon_kubernetes.manifest import REVISION
from components.deployers.seldon_kubernetes.rollout import await_rollout, pods_status
from faces.errors import OperationError
from tests.unit.components.deployers.seldon_kubernetes.pods import pod

DESIRED = {
    "metadata": {"labels": {REVISION: "new"}},
    "spec": {"predictors": [{"replicas": 2}]},
}


class Cluster:
    """Returns one list of pods after another, then the last one again."""

    def __init__(self, *looks: list[dict[str, Any]], status: dict[str, Any] | None = None) -> None:
        self.looks, self.status = list(looks), status or {"state": "Creating"}

    def pods(self) -> list[dict[str, Any]]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def find(self) -> dict[str, Any]:
        return {"status": self.status}

    def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
        return f"first\nlast line of {pod}\n\n" if previous else ""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(rollout, "PERSISTENT_SECONDS", 0.0)


def wait(cluster: Cluster, timeout_seconds: float = 5) -> list[str]:
    lines: list[str] = []
    await_rollout(cluster, DESIRED, timeout_seconds, lines.append)  # type: ignore[arg-type]
    return lines


def test_a_rollout_ends_when_all_new_pods_are_ready_and_the_old_ones_ended() -> None:
    old, new = pod("old", True), pod("new", True)
    lines = wait(
        Cluster(
            [old, old],
            [old, old, pod("new", False, "ContainerCreating")],
            [old, new, new],
            [pod("old", True, ending=True), new, new],
        )
    )
    assert lines == [f"rolling out: {n} of 2 pods are ready …" for n in (0, 0, 2)]


@pytest.mark.parametrize(
    "reason", ["CrashLoopBackOff", "ErrImagePull", "CreateContainerConfigError"]
)
def test_a_pod_that_cannot_start_ends_the_rollout_with_the_last_line_of_its_log(
    reason: str,
) -> None:
    with pytest.raises(OperationError) as error:
        wait(Cluster([pod("old", True), pod("new", False, reason)]), timeout_seconds=1e9)
    assert reason in str(error.value)
    assert "last line of its log: last line of pod-new" in str(error.value)


def test_a_failure_that_passes_does_not_end_the_rollout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "PERSISTENT_SECONDS", 5.0)
    failing = pod("new", False, "ErrImagePull")
    stale = {"state": "Failed", "description": "of the deployment before"}
    assert len(wait(Cluster([failing], [], [pod("new", True)] * 2, status=stale))) == 2


def test_a_pod_that_crashes_again_and_again_ends_the_rollout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollout, "PERSISTENT_SECONDS", 0.005)
    looks = [[pod("new", False, "CrashLoopBackOff")], [pod("new", False)]] * 1000
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.001)
    with pytest.raises(OperationError, match="CrashLoopBackOff"):
        wait(Cluster(*looks))


def test_pods_that_have_ended_do_not_count() -> None:
    evicted = pod("new", False)
    evicted["status"]["phase"] = "Failed"
    assert wait(Cluster([pod("new", True)] * 2 + [evicted])) == []


def test_a_cluster_that_does_not_respond_is_asked_again() -> None:
    class Silent(Cluster):
        failures = 3

        def pods(self) -> list[dict[str, Any]]:
            self.failures -= 1
            if self.failures >= 0:
                raise OperationError("the cluster does not respond")
            return super().pods()

    assert len(wait(Silent([pod("new", True)] * 2))) == 3
    silent = Silent([])
    silent.failures = 10**9
    with pytest.raises(OperationError, match=r"not known .* does not respond\) after 0 s"):
        wait(silent, timeout_seconds=0.001)


def test_failing_pods_of_the_previous_revision_do_not_count() -> None:
    looks = [pod("old", False, "CrashLoopBackOff"), pod("new", True)], [pod("new", True)] * 2
    assert wait(Cluster(*looks)) == ["rolling out: 1 of 2 pods are ready …"]


def test_scaling_to_zero_waits_until_all_pods_end() -> None:
    none = {**DESIRED, "spec": {"predictors": [{"replicas": 0}]}}
    lines: list[str] = []
    cluster = Cluster([pod("new", True)], [pod("new", True, ending=True)])
    await_rollout(cluster, none, 5, lines.append)  # type: ignore[arg-type]
    assert len(lines) == 1


def test_a_rollout_times_out() -> None:
    with pytest.raises(OperationError, match="1 of 2 pods are ready after 0 s"):
        wait(Cluster([pod("new", True), pod("new", False)]), timeout_seconds=0.001)


def test_an_error_of_seldons_operator_is_reported() -> None:
    status = {"state": "Failed", "description": "quota of pods exceeded"}
    with pytest.raises(OperationError, match="Seldon could not deploy it: quota of pods exceeded"):
        wait(Cluster([], status=status))


def test_the_state_of_the_endpoint_follows_from_its_pods() -> None:
    ready, waiting = pod("new", True), pod("new", False, "ErrImagePull")
    ready["status"]["startTime"] = "2026-11-25T12:00:00Z"

    def status(pods: list[dict[str, Any]], replicas: int) -> EndpointStatus:
        return pods_status(Endpoint("http://x", "3"), pods, replicas, "kubectl logs")

    running = status([ready, waiting], 2)
    assert running.state == State.RUNNING
    assert running.detail == "1 of 2 pods are ready: ErrImagePull"
    assert running.since == datetime(2026, 11, 25, 12, tzinfo=UTC)
    failed = status([waiting], 1)
    assert (failed.state, failed.since) == (State.FAILED, None)
    assert status([], 0).state == State.STOPPED
