"""What was deployed when: told by the artifacts that deployments and rollbacks leave behind."""

from collections.abc import Iterable, Mapping
from typing import Any

from zenml.client import Client

DEPLOYMENT = "deployment"
"""The artifact that each deployment and each rollback leaves."""


DECISION = "drift_decision"
"""The artifact that each drift detection leaves."""


def former_version() -> int | None:
    """The version that was live before the present one; None if there was none."""
    return before_present(deployments())


def deployments() -> list[dict[str, Any]]:
    """All deployments and rollbacks on the active stack, oldest first."""
    return _recorded(DEPLOYMENT)


def decisions() -> list[dict[str, Any]]:
    """All decisions about windows on the active stack, oldest first."""
    return _recorded(DECISION)


def _recorded(artifact: str) -> list[dict[str, Any]]:
    stack = str(Client().active_stack_model.id)
    found = Client().list_artifact_versions(artifact=artifact, sort_by="asc:created", size=10_000)
    return [
        dict(version.run_metadata)
        for version in found.items
        if version.run_metadata.get("stack") == stack
    ]


def before_present(records: Iterable[Mapping[str, Any]]) -> int | None:
    """The version below the top, where deployments put a version on top and rollbacks take it off.

    So two rollbacks in a row go back two versions, not back and forth.
    """
    stack: list[int] = []
    for record in records:
        version = int(record["version"])
        if record["kind"] == "rollback" and version in stack:
            while stack[-1] != version:
                stack.pop()
        elif not stack or stack[-1] != version:
            stack.append(version)
    return stack[-2] if len(stack) > 1 else None
