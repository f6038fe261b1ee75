import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.deployers.container_settings import FOLDER, PORT
from components.deployers.model_store import StoredModel
from components.deployers.seldon_kubernetes import manifest
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from components.deployers.seldon_kubernetes.manifest import (
    container_of,
    make_manifest,
    read_model,
    read_replicas,
    read_settings,
    revision,
    with_replicas,
)
from components.deployers.settings import ServingSettings
from faces import NAME
from serving.container import MODEL, SETTINGS
from serving.tokens import FEEDBACK_TOKENS, TOKEN, Tokens

STORED = StoredModel("3", "gs://b/models/3-abc.npz", "abc")
SERVER = ServingSettings().for_server("face-recognizer", "/data", replicas=2)
TOKENS = Tokens("t", {"ada": "u"})
EXPECTED = Path(__file__).with_name("expected_manifest.json")


def made(
    tokens: Tokens = TOKENS, image: str = "i", model: StoredModel = STORED, **config: Any
) -> dict[str, Any]:
    component = SeldonKubernetesConfig(
        base_url="https://x", models="gs://b/models", captured="gs://c", **config
    )
    return make_manifest(component, image, SERVER, model, tokens)


def filled_and_expected() -> tuple[dict[str, Any], dict[str, Any]]:
    expected = json.loads(EXPECTED.read_text())
    container_of(expected)["env"][0]["value"] = json.dumps(asdict(SERVER), sort_keys=True)
    filled = made(image="registry/serving:1")
    for part in (filled, expected):
        for labels in (
            part["metadata"]["labels"],
            part["spec"]["predictors"][0]["componentSpecs"][0]["metadata"]["labels"],
        ):
            assert re.fullmatch("[0-9a-f]{12}", labels.pop(manifest.REVISION))
    return filled, expected


def test_the_filled_template_is_the_expected_manifest() -> None:
    filled, expected = filled_and_expected()
    assert filled == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("            serviceAccountName: ${service_account}\n", ""),
        ('command: [sleep, "10"]', 'command: ["true"]'),
        ("terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 1"),
        ("sizeLimit: 64Mi", "sizeLimit: 1Ki"),
        ("path: /v2/health/ready", "path: /"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        ("                  limits:\n                    memory: ${memory}\n", ""),
        ("automountServiceAccountToken: false", "automountServiceAccountToken: true"),
    ],
)
def test_a_sabotage_of_the_template_is_noticed(
    before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = manifest.TEMPLATE.read_text()
    assert before in text
    changed = tmp_path / "manifest.yaml"
    changed.write_text(text.replace(before, after))
    monkeypatch.setattr(manifest, "TEMPLATE", changed)
    manifest._template.cache_clear()
    try:
        filled, expected = filled_and_expected()
    finally:
        manifest._template.cache_clear()
    assert filled != expected


def test_the_template_uses_the_names_that_the_code_uses() -> None:
    template = yaml.safe_load(manifest.TEMPLATE.read_text())
    container = container_of(template)
    assert template["metadata"]["name"] == template["spec"]["name"] == container["name"] == NAME
    assert template["apiVersion"] == f"{manifest.GROUP}/{manifest.API}"
    assert {manifest.VERSION, manifest.REVISION} == template["metadata"]["labels"].keys()
    assert [variable["name"] for variable in container["env"]] == [
        SETTINGS, MODEL, TOKEN, FEEDBACK_TOKENS,
    ]  # fmt: skip
    for variable, key in zip(
        container["env"][2:], (manifest.TOKEN_KEY, manifest.FEEDBACK_KEY), strict=True
    ):
        secret = variable["valueFrom"]["secretKeyRef"]
        assert secret == {"name": manifest.SECRET, "key": key}
    assert container["ports"][0]["containerPort"] == PORT
    assert FOLDER in [mount["mountPath"] for mount in container["volumeMounts"]]


def test_values_are_not_parsed_and_keep_their_type() -> None:
    hostile = "x\nspec: {replicas: 99} # ${token} {{y}}"
    deployment = made(image=hostile, namespace="${version}", replicas=3, service_account="yes")
    assert container_of(deployment)["image"] == hostile
    assert deployment["metadata"]["namespace"] == "${version}"
    assert read_replicas(deployment) == 3
    pod = deployment["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    assert pod["serviceAccountName"] == "yes"


def test_model_and_settings_can_be_read_back() -> None:
    assert read_model(made()) == STORED
    assert read_settings(made()) == SERVER


def test_tokens_are_not_in_the_manifest() -> None:
    tokens = Tokens("secret-token", {"ada": "secret-token-2"})
    assert "secret-token" not in json.dumps(made(tokens=tokens))


@pytest.mark.parametrize(
    "other",
    [made(tokens=Tokens("v", {"ada": "u"})), made(tokens=Tokens("t", {"ada": "v"})),
     made(image="j"), made(replicas=3), made(memory="1Gi"), made(cpu="1"),
     made(model=StoredModel("4", "gs://b/models/4-abc.npz", "abc"))],
)  # fmt: skip
def test_every_change_creates_another_revision(other: dict[str, Any]) -> None:
    assert revision(other) != revision(made())
    assert revision(made()) == revision(made())


def test_name_and_predictor_never_change() -> None:
    one, other = made(), made(image="j", replicas=5)
    for key in ("name", "namespace"):
        assert one["metadata"][key] == other["metadata"][key]
    assert one["spec"]["predictors"][0]["name"] == other["spec"]["predictors"][0]["name"]


def test_scaling_changes_the_number_of_pods_only() -> None:
    deployment = made()
    scaled = with_replicas(deployment, 0)
    assert read_replicas(scaled) == 0
    assert read_replicas(deployment) == 2
    assert with_replicas(scaled, 2) == deployment


def test_pods_are_unprivileged_and_limited() -> None:
    pod = made()["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    container = container_of(made())
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
