"""Replace a SeldonDeployment, and roll back if the new pods do not become ready."""

import logging
import time
from collections.abc import Mapping

from components.deployers.common import health
from components.deployers.seldon_kubernetes.cluster import Cluster
from components.deployers.seldon_kubernetes.manifest import (
    Manifest,
    read_model,
    read_replicas,
    revision,
)
from components.deployers.seldon_kubernetes.rollout import await_rollout
from faces.errors import OperationError

SWITCH_TIMEOUT_SECONDS = 30.0
"""Seconds that the ingress may take to send all requests to the new pods."""

POLL_SECONDS = 0.5

log = logging.getLogger("progress")


def rolling_update(
    cluster: Cluster,
    desired: Manifest,
    previous: Manifest | None,
    url: str,
    headers: Mapping[str, str],
    timeout_seconds: float,
) -> None:
    """Replace a deployment, and wait until only the new one answers.

    Args:
        cluster: The cluster to change.
        desired: The deployment to apply.
        previous: The deployment to replace, as read from the cluster; None if there is none.
        url: The endpoint's address.
        headers: HTTP headers that clients must send.
        timeout_seconds: Seconds that a rollout may take.

    Raises:
        OperationError: If the new pods do not become ready in time, or others answer; it says why,
            and how the rollback to `previous` ended.
    """
    version = read_model(desired).version
    try:
        cluster.apply(desired, replaces=previous)
        await_rollout(cluster, desired, timeout_seconds, log.info)
        # The first deployment also waits for the load balancer and its certificate.
        switch = SWITCH_TIMEOUT_SECONDS if previous else timeout_seconds
        _await_responses(url, headers, version, 2 * read_replicas(desired), switch)
    except OperationError as error:
        outcome = _roll_back(cluster, desired, previous, timeout_seconds)
        raise OperationError(f"version {version}: {error}; {outcome}") from error


def _await_responses(
    url: str, headers: Mapping[str, str], version: str, consecutive: int, timeout_seconds: float
) -> None:
    """Wait until this many consecutive responses come from `version`."""
    deadline = time.monotonic() + timeout_seconds
    count = 0
    while count < consecutive:
        tags = health(url, headers)
        count = count + 1 if tags.get("model_version") == version else 0
        if count == 0:
            if time.monotonic() > deadline:
                responder = f"version {tags['model_version']}" if tags else "nothing"
                raise OperationError(f"its pods are ready, but {responder} responds at {url}")
            time.sleep(POLL_SECONDS)


def _roll_back(
    cluster: Cluster, desired: Manifest, previous: Manifest | None, timeout_seconds: float
) -> str:
    """Restore the previous deployment, unless someone else has applied another one meanwhile.

    Returns:
        The outcome, as the end of a sentence.
    """
    try:
        present = cluster.find()
        if present is None or revision(present) != revision(desired):
            return "it was not applied"
        if previous is None:
            cluster.delete()
            return "it was deleted again"
        if revision(previous) != revision(desired):
            restored = _without_status(previous)
            cluster.apply(restored, replaces=present)
            await_rollout(cluster, restored, timeout_seconds)
        return f"version {read_model(previous).version} stays live"
    except OperationError as error:
        return f"and the rollback failed: {error}"


def _without_status(deployment: Manifest) -> Manifest:
    """Return a deployment as it can be applied, without what the cluster added to it."""
    metadata = {key: deployment["metadata"][key] for key in ("name", "namespace", "labels")}
    content = {key: deployment[key] for key in ("apiVersion", "kind", "spec")}
    return {**content, "metadata": metadata}
