"""One deployment in place of another, or the former again."""

import logging
import time
from typing import Any

from components.deployers.common import bearer, health
from components.deployers.seldon_kubernetes.cluster import Cluster
from components.deployers.seldon_kubernetes.manifest import read_model, revision
from components.deployers.seldon_kubernetes.rollout import await_rollout
from faces.errors import OperationError

SWITCH_TIMEOUT_SECONDS = 30.0
"""Seconds that the ingress may take to send everything to the new pods."""

log = logging.getLogger("progress")


def rolling_update(
    cluster: Cluster,
    wanted: dict[str, Any],
    previous: dict[str, Any] | None,
    url: str,
    token: str,
    patience: float,
) -> None:
    """Roll out `wanted` in place of `previous`, and see that it alone answers at `url`.

    If it does not come up within `patience` seconds, `previous` is put back, and OperationError says
    why and what came of that.
    """
    version = read_model(wanted)["version"]
    try:
        cluster.put(wanted, previous)
        await_rollout(cluster, wanted, patience, log.info)
        replicas = wanted["spec"]["predictors"][0]["replicas"]
        _await_answers(url, token, version, in_a_row=2 * replicas)
    except OperationError as error:
        undone = _undo(cluster, wanted, previous, patience)
        raise OperationError(f"version {version}: {error}; {undone}") from error


def _await_answers(url: str, token: str, version: str, in_a_row: int) -> None:
    """Wait until so many answers after another come from `version`."""
    deadline = time.monotonic() + SWITCH_TIMEOUT_SECONDS
    seen = 0
    while seen < in_a_row:
        tags = health(url, bearer(token))
        seen = seen + 1 if tags.get("model_version") == version else 0
        if seen == 0:
            if time.monotonic() > deadline:
                answers = f"version {tags['model_version']}" if tags else "nobody"
                raise OperationError(f"its pods are ready, but {answers} answers at {url}")
            time.sleep(0.5)


def _undo(
    cluster: Cluster, wanted: dict[str, Any], previous: dict[str, Any] | None, patience: float
) -> str:
    """Put back what was there before; gives what came of it, in words.

    What somebody else put there meanwhile is left alone.
    """
    try:
        present = cluster.find()
        if present is None or revision(present) != revision(wanted):
            return "it was not put there"
        if previous is None:
            cluster.delete()
            return "it was taken away again"
        if revision(previous) != revision(wanted):
            before = {key: previous[key] for key in ("apiVersion", "kind", "spec")}
            kept = ("name", "namespace", "labels")
            before["metadata"] = {key: previous["metadata"][key] for key in kept}
            cluster.put(before, present)
            await_rollout(cluster, before, patience)
        return f"version {read_model(previous)['version']} stays live"
    except OperationError as error:
        return f"and it could not be undone: {error}"
