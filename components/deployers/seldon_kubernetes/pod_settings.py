"""The settings of servers that run in pods."""

from dataclasses import replace

from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.manifest import FOLDER, PORT
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import UserError
from serving.settings import ServerSettings


def pod_settings(serving: ServingSettings, config: SeldonKubernetesConfig) -> ServerSettings:
    """Adapt an endpoint's settings to pods.

    Args:
        serving: The settings that were configured.
        config: The stack component's configuration.

    Returns:
        Settings of the server in each pod. It listens on every address of the pod, uploads captured
        requests at least every `upload_seconds`, and is one of several replicas.

    Raises:
        UserError: If captured requests would be lost with their pod.
    """
    settings = serving.for_server(NAME, FOLDER, config.replicas)
    uri = settings.capture_uri or config.captured
    if settings.capture and "://" not in uri:
        raise UserError(
            f"capture.capture_uri: {uri} would be lost with its pod: set a URI such as "
            "gs://bucket/folder, or '' for the one in the stack"
        )
    return replace(
        settings,
        host="0.0.0.0",
        port=PORT,
        capture_uri=uri,
        rotate_seconds=min(settings.rotate_seconds, config.upload_seconds),
    )
