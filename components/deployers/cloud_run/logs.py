"""The logs of a Cloud Run service, from Cloud Logging."""

from collections.abc import Iterator

from components.deployers.cloud_run.flavor import CloudRunConfig


def read_logs(config: CloudRunConfig, tail: int) -> Iterator[str]:
    """Read the latest lines of all revisions.

    Args:
        config: The stack component's configuration.
        tail: The number of lines.

    Yields:
        Lines, oldest first, each after the name of its revision.
    """
    from google.cloud import logging

    client = logging.Client(project=config.project, _use_grpc=False)
    entries = client.list_entries(
        filter_='resource.type="cloud_run_revision" '
        f'resource.labels.service_name="{config.service}"',
        order_by=logging.DESCENDING,
        max_results=tail,
    )
    for entry in reversed(list(entries)):
        revision = entry.resource.labels.get("revision_name", "") if entry.resource else ""
        yield f"{revision}  {entry.payload}"
