"""The monitor of the present deployment, which each drift detection continues."""

from datetime import datetime

from zenml.client import Client

from store.deployments import MAX_RECORDS, deployments
from store.materializers.monitor import DeploymentMonitor

MONITOR = "monitor"
"""The artifact that each drift detection leaves."""

NANOSECONDS = 1_000_000_000


def deployed_since(version: int) -> tuple[str, int]:
    """Return when a version was deployed, and from when on its faces count.

    Args:
        version: The version that is live.

    Returns:
        The date of the latest deployment in UTC, ISO 8601, "" if that is not recorded; and the time
        of the latest deployment of another version, in nanoseconds since 1970.
    """
    records = deployments()
    since = records[-1].when if records and records[-1].version == version else ""
    others = [record.when for record in records if record.version != version]
    moment = datetime.fromisoformat(others[-1]).timestamp() if others else 0
    return since, int(moment) * NANOSECONDS


def latest_monitor() -> DeploymentMonitor | None:
    """Load the latest monitor on the active stack, of whatever deployment.

    That of a failed or killed run counts, too: it holds the faces up to a moment, exactly once.

    Returns:
        The monitor; None if there is none, or it was erased.
    """
    client = Client()
    stack = str(client.active_stack_model.id)
    versions = client.list_artifact_versions(
        artifact=MONITOR, sort_by="desc:created", size=MAX_RECORDS, hydrate=True
    ).items
    for version in versions:
        if version.run_metadata.get("stack") == stack:
            try:
                monitor: DeploymentMonitor = version.load()
            except FileNotFoundError:  # a ZenML server keeps the record
                return None
            return monitor
    return None
