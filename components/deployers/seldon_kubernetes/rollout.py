"""The state of a rollout, derived from its pods: finished, in progress or failed."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from components.deployers.endpoint import Endpoint, EndpointStatus, State
from components.deployers.seldon_kubernetes.cluster import Cluster
from components.deployers.seldon_kubernetes.manifest import (
    REVISION,
    Manifest,
    read_replicas,
    revision,
)
from faces.errors import OperationError

POLL_SECONDS = 1.0

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
"""Reasons of a waiting container that time rarely fixes (Kubernetes documentation)."""

PERSISTENT_SECONDS = 15.0
"""Seconds that a failure must last, or recur without another pod becoming ready. The operator's
state may still be that of an earlier deployment, and pods on a new node fail until its metadata
server responds."""

ENDED = {"Failed", "Succeeded"}
"""Phases of pods that have ended, such as evicted ones, and stay listed."""


def await_rollout(
    cluster: Cluster,
    desired: Manifest,
    timeout_seconds: float,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Wait until all pods have the desired revision and are ready.

    Args:
        cluster: The cluster to watch.
        desired: The deployment that was applied.
        timeout_seconds: Seconds to wait.
        report: Receives one line about the progress after each poll.

    Raises:
        OperationError: If a pod cannot start, with the last line of its log, or on timeout. A
            cluster that does not respond meanwhile is asked again until then.
    """
    start = time.monotonic()
    first_failure, before = None, ""
    while True:
        failure = None
        try:
            pods = cluster.pods()
            progress = _progress(pods, desired)
            if progress is None:
                return
            failure = _failure(cluster, of_revision(pods, revision(desired)))
        except OperationError as error:
            progress = f"not known ({error})"
        now = time.monotonic()
        if progress != before:
            first_failure, before = None, progress
        if failure is not None:
            # A pod that crashes again and again runs in between.
            first_failure = now if first_failure is None else first_failure
            if now - first_failure >= PERSISTENT_SECONDS:
                raise OperationError(failure)
        if now - start > timeout_seconds:
            raise OperationError(_timeout_message(cluster, desired, progress, timeout_seconds))
        report(f"rolling out: {progress} …")
        time.sleep(POLL_SECONDS)


def _progress(pods: Sequence[Manifest], desired: Manifest) -> str | None:
    """Return how many pods are ready; None if the rollout is finished."""
    replicas = read_replicas(desired)
    ready = sum(is_ready(pod) for pod in of_revision(pods, revision(desired)))
    if ready == replicas == sum(_stays(pod) for pod in pods):
        return None
    return f"{ready} of {replicas} pods are ready"


def _timeout_message(
    cluster: Cluster, desired: Manifest, progress: str, timeout_seconds: float
) -> str:
    line = ""
    with suppress(OperationError):
        own = of_revision(cluster.pods(), revision(desired))
        line = last_log_line(cluster, own[0]) if own else ""
    return f"{progress} after {timeout_seconds:.0f} s{line}"


def _stays(pod: Manifest) -> bool:
    """Return whether a pod runs and is not being deleted."""
    phase = pod.get("status", {}).get("phase")
    return "deletionTimestamp" not in pod["metadata"] and phase not in ENDED


def of_revision(pods: Sequence[Manifest], wanted: str) -> list[Manifest]:
    """Return the pods of a revision that have not ended and are not being deleted.

    Args:
        pods: Pods of any revision.
        wanted: The revision's hash label, see `manifest.revision`.
    """
    return [
        pod
        for pod in pods
        if pod["metadata"].get("labels", {}).get(REVISION) == wanted and _stays(pod)
    ]


def pods_status(
    endpoint: Endpoint, pods: Sequence[Manifest], replicas: int, logs: str
) -> EndpointStatus:
    """Derive the state of an endpoint from its pods.

    Args:
        endpoint: The endpoint as it was deployed.
        pods: Its pods of the present revision.
        replicas: How many there should be.
        logs: The command that shows their logs.

    Returns:
        Running, if a pod is ready; stopped, if there should be none; else failed.
    """
    if replicas == 0:
        return EndpointStatus(endpoint, State.STOPPED, "", None, logs)
    ready = [pod for pod in pods if is_ready(pod)]
    reason = next(filter(None, map(failure_reason, pods)), None)
    detail = f"{len(ready)} of {replicas} pods are ready" + (f": {reason}" if reason else "")
    started = [pod["status"]["startTime"] for pod in ready if "startTime" in pod["status"]]
    since = datetime.fromisoformat(min(started)) if started else None
    return EndpointStatus(endpoint, State.RUNNING if ready else State.FAILED, detail, since, logs)


def is_ready(pod: Manifest) -> bool:
    """Return whether a pod receives requests.

    Args:
        pod: A pod as listed; its condition `Ready` decides.
    """
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def failure_reason(pod: Manifest) -> str | None:
    """Return why a pod will never start; None as long as it may.

    Args:
        pod: A pod as listed. A container that waits for one of `FATAL_WAITING_REASONS` is decisive.
    """
    for container in pod.get("status", {}).get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in FATAL_WAITING_REASONS:
            return ": ".join(filter(None, (waiting["reason"], waiting.get("message"))))
    return None


def last_log_line(cluster: Cluster, pod: Manifest) -> str:
    """Return the last non-empty line of a pod's log as the end of a sentence, or "".

    Args:
        cluster: The cluster that the pod is on.
        pod: A pod as listed. If its log is empty, that of its crashed container is read.
    """
    name = pod["metadata"]["name"]
    for previous in (False, True):
        lines = cluster.log(name, previous=previous).splitlines()
        if line := next((line.strip() for line in reversed(lines) if line.strip()), ""):
            return f"; last line of its log: {line}"
    return ""


def _failure(cluster: Cluster, pods: Sequence[Manifest]) -> str | None:
    """Return what a pod or Seldon's operator reports now, None if nothing."""
    for pod in pods:
        if reason := failure_reason(pod):
            line = last_log_line(cluster, pod)
            name = pod["metadata"]["name"]
            return f"pod {name} cannot start ({reason}){line}"
    status = (cluster.find() or {}).get("status", {})
    if status.get("state") == "Failed":
        return f"Seldon could not deploy it: {status.get('description', '')}"
    return None
