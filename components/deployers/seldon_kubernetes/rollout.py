"""Is a rollout done, does it still go on, or has it failed? Told by its pods."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from components.deployers.seldon_kubernetes.cluster import Cluster
from components.deployers.seldon_kubernetes.manifest import REVISION, revision
from faces.errors import OperationError

POLL_SECONDS = 1.0
"""Seconds between two looks."""

FATAL_WAITING_REASONS = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}
"""Why a container waits, where waiting longer helps nobody: the Kubernetes documentation."""


def await_rollout(
    cluster: Cluster,
    wanted: dict[str, Any],
    patience: float,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Wait until there are as many pods as wanted, all of the wanted revision, and ready.

    Raises OperationError with what a pod said if one cannot come up, or when patience ends.
    """
    replicas = int(wanted["spec"]["predictors"][0]["replicas"])
    deadline = time.monotonic() + patience
    while True:
        pods = cluster.pods()
        own = of_revision(pods, revision(wanted))
        ready = sum(is_ready(pod) for pod in own)
        staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        if ready == replicas == len(staying):
            return
        for pod in own:
            if why := failure_reason(pod):
                said = last_log_line(cluster, pod)
                raise OperationError(
                    f"pod {pod['metadata']['name']} does not come up ({why}){said}"
                )
        found = cluster.find() or {}
        status = found.get("status", {})
        if status.get("state") == "Failed":
            raise OperationError(f"Seldon could not deploy it: {status.get('description', '')}")
        if time.monotonic() > deadline:
            said = last_log_line(cluster, own[0]) if own else ""
            raise OperationError(
                f"{ready} of {replicas} pods are ready after {patience:.0f} s{said}"
            )
        tell(f"rolling out: {ready} of {replicas} pods are ready …")
        time.sleep(POLL_SECONDS)


def of_revision(pods: Sequence[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """The pods of a revision which nobody ends."""
    return [
        pod
        for pod in pods
        if pod["metadata"].get("labels", {}).get(REVISION) == wanted
        and "deletionTimestamp" not in pod["metadata"]
    ]


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether a pod gets requests."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def failure_reason(pod: dict[str, Any]) -> str | None:
    """Why a pod will not come up by itself; None as long as it may."""
    for container in pod.get("status", {}).get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in FATAL_WAITING_REASONS:
            return ": ".join(filter(None, (waiting["reason"], waiting.get("message"))))
    return None


def last_log_line(cluster: Cluster, pod: dict[str, Any]) -> str:
    """The last line of a pod's log that says something, as a part of a sentence; or nothing."""
    name = pod["metadata"]["name"]
    for previous in (False, True):
        lines = cluster.log(name, previous=previous).splitlines()
        if said := next((line.strip() for line in reversed(lines) if line.strip()), ""):
            return f"; it said: {said}"
    return ""
