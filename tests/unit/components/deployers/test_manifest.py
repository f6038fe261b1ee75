import json
from typing import Any

import pytest

from components.deployers.container_images import SERVING, image_name
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.manifest import (
    container_of,
    make_manifest,
    read_model,
    read_settings,
    revision,
)
from components.deployers.settings import ServingSettings

MODEL = {"version": "3", "uri": "gs://b/models/3-abc.npz", "hash": "abc"}
SETTINGS = ServingSettings().for_server("face-recognizer", "/data")


def made(token: str = "t", image: str = "i", **given: Any) -> dict[str, Any]:
    config = SeldonKubernetesConfig(
        base_url="https://x", models="gs://b/models", captured="gs://c", **given
    )
    return make_manifest(config, image, SETTINGS, MODEL, token)


def test_what_is_deployed_can_be_read_from_it_again() -> None:
    assert read_model(made()) == MODEL
    assert read_settings(made()) == SETTINGS


def test_the_token_is_nowhere_in_it() -> None:
    assert "secret-token" not in json.dumps(made(token="secret-token"))


@pytest.mark.parametrize(
    "other",
    [made(token="u"), made(image="j"), made(replicas=3), made(memory="1Gi"), made(cpu="1")],
)
def test_whatever_changes_is_another_revision(other: dict[str, Any]) -> None:
    assert revision(other) != revision(made())
    assert revision(made()) == revision(made())


def test_the_name_and_what_the_ingress_knows_never_change() -> None:
    one, other = made(), made(image="j", replicas=5)
    for key in ("name", "namespace"):
        assert one["metadata"][key] == other["metadata"][key]
    assert one["spec"]["predictors"][0]["name"] == other["spec"]["predictors"][0]["name"]


def test_pods_are_nobody_special_and_may_not_take_everything() -> None:
    pod = made()["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    container = container_of(made())
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_an_images_name_follows_its_content(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from components.deployers import container_images

    here = tmp_path / "components" / "deployers" / "container_images.py"
    monkeypatch.setattr(container_images, "__file__", str(here))
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "server.py").write_text("one")
    first = image_name("r", SERVING)
    assert first.startswith("r/serving:")
    assert image_name("r", SERVING) == first
    (tmp_path / "serving" / "server.py").write_text("two")
    assert image_name("r", SERVING) != first
