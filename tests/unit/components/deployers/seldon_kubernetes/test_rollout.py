from datetime import UTC, datetime
from typing import Any

import pytest

from components.deployers.endpoint import Endpoint, EndpointStatus, State
from components.deployers.seldon_kubernetes import rollout
from components.deployers.seldon_kubernetes.manifest import REVISION
from components.deployers.seldon_kubernetes.rollout import (
    await_rollout,
    failure_reason,
    is_ready,
    last_log_line,
    of_revision,
    pods_status,
)
from faces.errors import OperationError
from tests.unit.components.deployers.clock import Clock
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
    line = "last line of its log: last line of pod-new"
    assert str(error.value) == f"pod pod-new cannot start ({reason}); {line}"


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


def test_a_failure_must_last_until_a_time_and_a_rollout_ends_after_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(rollout, "time", clock)
    monkeypatch.setattr(rollout, "POLL_SECONDS", 1.0)
    monkeypatch.setattr(rollout, "PERSISTENT_SECONDS", 3.0)
    failing, ready = pod("new", False, "ErrImagePull"), pod("new", True)
    with pytest.raises(OperationError, match="ErrImagePull"):
        wait(Cluster([failing]), timeout_seconds=100)
    assert clock.slept == 3
    with pytest.raises(OperationError, match="0 of 2 pods are ready after 3 s"):
        wait(Cluster([pod("new", False)]), timeout_seconds=3)
    assert clock.slept == 3 + 4
    assert len(wait(Cluster(*[[failing]] * 2, *[[failing, ready]] * 3, [ready, ready]), 100)) == 5


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
    with pytest.raises(OperationError) as error:
        wait(silent, timeout_seconds=0.001)
    assert str(error.value) == "not known (the cluster does not respond) after 0 s"


def test_a_pod_and_a_deployment_may_have_no_status_yet() -> None:
    class New(Cluster):
        def find(self) -> dict[str, Any]:
            return {}

    bare = {"metadata": {"name": "pod-new", "labels": {REVISION: "new"}}}
    lines = wait(New([bare, bare], [pod("new", True)] * 2))
    assert lines == ["rolling out: 0 of 2 pods are ready …"]
    assert of_revision([{"metadata": {}}], "new") == []


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
    with pytest.raises(OperationError) as error:
        wait(Cluster([pod("old", True), pod("new", True)]), timeout_seconds=0.001)
    line = "last line of its log: last line of pod-new"
    assert str(error.value) == f"1 of 2 pods are ready after 0 s; {line}"
    with pytest.raises(OperationError) as error:
        wait(Cluster([]), timeout_seconds=0.001)
    assert str(error.value) == "0 of 2 pods are ready after 0 s"


def test_an_error_of_seldons_operator_is_reported() -> None:
    status = {"state": "Failed", "description": "quota of pods exceeded"}
    with pytest.raises(OperationError) as error:
        wait(Cluster([], status=status))
    assert str(error.value) == "Seldon could not deploy it: quota of pods exceeded"
    with pytest.raises(OperationError) as error:
        wait(Cluster([], status={"state": "Failed"}))
    assert str(error.value) == "Seldon could not deploy it: "


def test_the_state_of_the_endpoint_follows_from_its_pods() -> None:
    ready, later, unknown = pod("new", True), pod("new", True), pod("new", True)
    waiting = pod("new", False, "ErrImagePull")
    waiting["status"]["startTime"] = "2026-11-25T11:00:00Z"
    ready["status"]["startTime"] = "2026-11-25T12:00:00Z"
    later["status"]["startTime"] = "2026-11-25T13:00:00Z"
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    endpoint = Endpoint("http://x", "3")

    def check(pods: list[Any], replicas: int, state: State, detail: str, since: Any) -> None:
        expected = EndpointStatus(endpoint, state, detail, since, "kubectl logs")
        assert pods_status(endpoint, pods, replicas, "kubectl logs") == expected

    check(
        [unknown, later, ready, waiting], 4, State.RUNNING,
        "3 of 4 pods are ready: ErrImagePull", noon,
    )  # fmt: skip
    check([unknown], 1, State.RUNNING, "1 of 1 pods are ready", None)
    check([waiting], 1, State.FAILED, "0 of 1 pods are ready: ErrImagePull", None)
    check([], 0, State.STOPPED, "", None)


def test_only_a_container_that_waits_for_a_fatal_reason_is_a_failure() -> None:
    failing = pod("new", False, "ErrImagePull")
    (container,) = failing["status"]["containerStatuses"]
    container["state"]["waiting"]["message"] = "no such image"
    failing["status"]["containerStatuses"].insert(0, {"state": None})
    assert failure_reason(failing) == "ErrImagePull: no such image"
    harmless: dict[str, Any]
    for harmless in ({}, {"status": {}}, {"status": {"containerStatuses": None}}):
        assert failure_reason(harmless) is None
    assert failure_reason(pod("new", False, "ContainerCreating")) is None
    assert not is_ready({})
    assert not is_ready({"status": {"conditions": None}})


def test_the_log_of_the_present_container_is_read_first() -> None:
    class Logs(Cluster):
        present = "one\n  two  \n \n"

        def log(self, pod: str, lines: int = 100, previous: bool = False) -> str:
            assert pod == "pod-new"
            return "crashed" if previous else self.present

    logs: Any = Logs([])
    assert last_log_line(logs, pod("new", True)) == "; last line of its log: two"
    logs.present = " \n"
    assert last_log_line(logs, pod("new", True)) == "; last line of its log: crashed"
    logs.log = lambda *_, **__: ""
    assert last_log_line(logs, pod("new", True)) == ""
