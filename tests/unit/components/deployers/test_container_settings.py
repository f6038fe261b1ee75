from typing import Any

import pytest

from components.deployers.container_settings import container_settings
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.settings import ServingSettings
from faces.errors import UserError

CONFIG = SeldonKubernetesConfig(base_url="http://x", models="/models", captured="gs://b/c")


def serving(**capture: Any) -> ServingSettings:
    return ServingSettings.model_validate({"capture": capture})


def test_servers_in_containers_listen_on_all_addresses_and_upload_to_the_stacks_bucket() -> None:
    settings = container_settings(serving(), CONFIG, 2)
    assert (settings.host, settings.port, settings.replicas) == ("0.0.0.0", 9000, 2)
    assert settings.capture_uri == "gs://b/c"
    assert settings.rotate_seconds == CONFIG.upload_seconds
    assert container_settings(serving(rotate_seconds=5), CONFIG, 2).rotate_seconds == 5


def test_capture_in_a_folder_of_the_container_is_rejected() -> None:
    with pytest.raises(UserError, match="/somewhere would be lost with its container"):
        container_settings(serving(capture_uri="/somewhere"), CONFIG, 2)
    settings = container_settings(serving(capture_uri="/somewhere", capture=False), CONFIG, 2)
    assert not settings.capture
