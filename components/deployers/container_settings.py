"""The settings of servers that run in containers of a cloud."""

from dataclasses import replace

from components.deployers.remote_flavor import RemoteDeployerConfig
from components.deployers.settings import ServingSettings
from faces import NAME
from faces.errors import UserError
from serving.settings import ServerSettings

PORT, FOLDER = 9000, "/data"
"""Where the server in a container listens and keeps its files."""


def container_settings(
    serving: ServingSettings, config: RemoteDeployerConfig, replicas: int
) -> ServerSettings:
    """Adapt an endpoint's settings to containers.

    Args:
        serving: The settings that were configured.
        config: The stack component's configuration.
        replicas: The number of containers.

    Returns:
        Settings of the server in each container. It listens on every address, uploads captured
        requests at least every `upload_seconds`, and is one of several replicas.

    Raises:
        UserError: If captured requests would be lost with their container.
    """
    settings = serving.for_server(NAME, FOLDER, replicas)
    uri = settings.capture_uri or config.captured
    if settings.capture and "://" not in uri:
        raise UserError(
            f"capture.capture_uri: {uri} would be lost with its container: set a URI such as "
            "gs://bucket/folder, or '' for the one in the stack"
        )
    return replace(
        settings,
        host="0.0.0.0",
        port=PORT,
        capture_uri=uri,
        rotate_seconds=min(settings.rotate_seconds, config.upload_seconds),
    )
