"""What was deployed when: told by the artifacts that deployments and rollbacks leave behind."""

from collections.abc import Iterable, Mapping
from typing import Any

from zenml.client import Client
from zenml.enums import ExecutionStatus

DEPLOYMENT = "deployment"
"""The artifact that each deployment and each rollback leaves."""

DECISION = "drift_decision"
"""The artifact that each drift detection leaves."""

MAX_RECORDS = 1000
"""Records that are read, the newest: more would take long and change nothing."""


def previously_live(live: str | None) -> int | None:
    """The version that was live before `live`, the present one; None if there was none.

    `live` counts even if its deployment was killed before it was written down.
    """
    records = deployments()
    return previous_version([*records, {"version": live, "kind": "rollback"}] if live else records)


def deployments() -> list[dict[str, Any]]:
    """Deployments and rollbacks on the active stack, oldest first."""
    return _recorded(DEPLOYMENT)


def decisions() -> list[dict[str, Any]]:
    """Decisions about windows on the active stack, oldest first, of runs that came to their end.

    So what a killed or failed run had decided is decided anew.
    """
    return _recorded(DECISION, pipeline="drift_detection")


def last_decided_at(made: Iterable[Mapping[str, Any]]) -> int:
    """Up to when faces were decided on, in nanoseconds since 1970; 0 before the first decision."""
    return max((int(decision["until"]) for decision in made), default=0)


def _recorded(artifact: str, pipeline: str | None = None) -> list[dict[str, Any]]:
    client = Client()
    stack = client.active_stack_model.id
    found = client.list_artifact_versions(
        artifact=artifact, sort_by="desc:created", size=MAX_RECORDS, hydrate=True
    ).items
    if pipeline:
        ended = client.list_pipeline_runs(
            pipeline_name=pipeline,
            stack_id=stack,
            status=ExecutionStatus.COMPLETED.value,
            sort_by="desc:created",
            size=MAX_RECORDS,
        )
        completed = {run.id for run in ended.items}
        found = [version for version in found if version.producer_pipeline_run_id in completed]
    kept = [{**v.run_metadata, "run": str(v.producer_pipeline_run_id)} for v in found]
    return [record for record in reversed(kept) if record.get("stack") == str(stack)]


def previous_version(records: Iterable[Mapping[str, Any]]) -> int | None:
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
