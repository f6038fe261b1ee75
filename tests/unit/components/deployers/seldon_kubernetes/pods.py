"""Pods as the API of Kubernetes returns them."""

from typing import Any

from components.deployers.seldon_kubernetes.manifest import REVISION


def pod(revision: str, ready: bool, waiting: str = "", ending: bool = False) -> dict[str, Any]:
    response: dict[str, Any] = {
        "metadata": {"name": f"pod-{revision}", "labels": {REVISION: revision}},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"state": {"waiting": {"reason": waiting}} if waiting else {}}],
        },
    }
    if ending:
        response["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return response
