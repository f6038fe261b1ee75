"""Preflight check of Cloud Run: whether the service exists and can be read."""

from collections.abc import Mapping
from typing import Any

from components.checks import CheckFailed
from components.deployers.cloud_run.api import CloudRun
from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.cloud_run.revision import read_content
from components.deployers.cloud_run.traffic import live_revision
from faces.errors import OperationError


def check_service(configuration: Mapping[str, Any]) -> str:
    """Check that the service of a model deployer exists.

    Args:
        configuration: The configuration of a component with the flavor cloud_run.

    Returns:
        A line that says which version is deployed.

    Raises:
        CheckFailed: If it does not exist, or Google refuses or does not respond.
    """
    api = CloudRun(CloudRunConfig(**configuration))
    try:
        service = api.find()
        live = live_revision(service)
        version = read_content(api.revision(live)).model.version if live else None
    except OperationError as error:
        cause, _, remedy = str(error).rpartition(": ")
        raise CheckFailed(cause, remedy) from error
    state = f"version {version} is deployed" if version else "nothing is deployed yet"
    return f"the service responds at {service['uri']}; {state}"
