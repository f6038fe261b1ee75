"""The settings of servers that run in pods."""

from dataclasses import replace

from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.manifest import FOLDER, PORT
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import UserError
from serving.settings import ServerSettings


def pod_settings(requested: ServingSettings, config: SeldonKubernetesConfig) -> ServerSettings:
    """What was asked for, with what pods need in it. Raises UserError if it cannot be kept."""
    settings = requested.for_server(NAME, FOLDER, config.replicas)
    place = settings.capture_uri or config.captured
    if settings.capture and "://" not in place:
        raise UserError(
            f"capture.capture_uri: {place} would be lost with its pod: give a URI such as "
            "gs://bucket/folder, or '' for the stack's own"
        )
    return replace(
        settings,
        host="0.0.0.0",
        port=PORT,
        capture_uri=place,
        rotate_seconds=min(settings.rotate_seconds, config.ship_seconds),
    )
