"""What a Cloud Run service serves, and whether it runs."""

from datetime import datetime

from components.deployers.base import NOTHING_DEPLOYED
from components.deployers.cloud_run.api import CloudRun
from components.deployers.cloud_run.revision import Content, Resource, read_content
from components.deployers.cloud_run.rollout import condition
from components.deployers.cloud_run.traffic import live_revision
from components.deployers.endpoint import Endpoint, EndpointStatus, State
from faces.errors import UserError


def live_content(api: CloudRun) -> Content | None:
    """Return what the live revision serves, None if nothing is deployed.

    Args:
        api: The service.
    """
    name = live_revision(api.find())
    return read_content(api.revision(name)) if name else None


def require_live(api: CloudRun) -> Content:
    """Return what the live revision serves.

    Args:
        api: The service.

    Raises:
        UserError: If nothing is deployed.
    """
    content = live_content(api)
    if content is None:
        raise UserError(NOTHING_DEPLOYED)
    return content


def read_status(api: CloudRun) -> EndpointStatus:
    """Return the state of the endpoint.

    Args:
        api: The service.

    Raises:
        UserError: If nothing is deployed.
    """
    content, service, config = require_live(api), api.find(), api.config
    endpoint = Endpoint(str(service["uri"]), content.model.version)
    logs = f"gcloud run services logs read {config.service} --region {config.location}"
    if _is_stopped(service):
        return EndpointStatus(endpoint, State.STOPPED, "", None, logs)
    name = str(live_revision(service))
    revision = api.revision(name)
    ready = condition(revision)
    if ready["state"] != "CONDITION_SUCCEEDED":
        detail = f"revision {name}: {ready.get('message') or ready['state']}"
        return EndpointStatus(endpoint, State.FAILED, detail, None, logs)
    since = datetime.fromisoformat(revision["create_time"])
    return EndpointStatus(endpoint, State.RUNNING, f"revision {name} is ready", since, logs)


def _is_stopped(service: Resource) -> bool:
    scaling = service["scaling"]
    return scaling["scaling_mode"] == "MANUAL" and not scaling.get("manual_instance_count")
