from typing import Any

import pytest

from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.pod_settings import pod_settings
from components.deployers.settings import ServingSettings
from faces.errors import UserError

CONFIG = SeldonKubernetesConfig(base_url="http://x", models="/models", captured="gs://b/c")


def serving(**capture: Any) -> ServingSettings:
    return ServingSettings.model_validate({"capture": capture})


def test_servers_in_pods_listen_on_all_addresses_and_upload_to_the_stacks_bucket() -> None:
    settings = pod_settings(serving(), CONFIG)
    assert (settings.host, settings.port, settings.replicas) == ("0.0.0.0", 9000, 2)
    assert settings.capture_uri == "gs://b/c"
    assert settings.rotate_seconds == CONFIG.upload_seconds
    assert pod_settings(serving(rotate_seconds=5), CONFIG).rotate_seconds == 5


def test_capture_in_a_folder_of_the_pod_is_rejected() -> None:
    with pytest.raises(UserError, match="/somewhere would be lost with its pod"):
        pod_settings(serving(capture_uri="/somewhere"), CONFIG)
    settings = pod_settings(serving(capture_uri="/somewhere", capture=False), CONFIG)
    assert not settings.capture
