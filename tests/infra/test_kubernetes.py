"""The pods of the endpoint, checked against the JSON schemas of Kubernetes."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import HERE

kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="in another environment: make test-infra"
)
MANIFEST = HERE.parent.joinpath(
    *Path("unit/components/deployers/seldon_kubernetes/expected_manifest.json").parts
)


def errors(component: dict[str, Any]) -> str:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **component}
    try:
        kubernetes_validate.validate(pod, "1.31", strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error)
    return ""


@pytest.fixture
def component() -> dict[str, Any]:
    predictor = json.loads(MANIFEST.read_text())["spec"]["predictors"][0]
    spec: dict[str, Any] = predictor["componentSpecs"][0]["spec"]
    return {"spec": spec}


def test_the_pods_have_the_schema_of_kubernetes(component: dict[str, Any]) -> None:
    assert errors(component) == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [("replicas", 2), ("serviceAccountNames", "x"), ("terminationGracePeriodSeconds", "1 min")],
)
def test_a_field_that_kubernetes_does_not_know_is_noticed(
    key: str, value: object, component: dict[str, Any]
) -> None:
    changed = copy.deepcopy(component)
    changed["spec"][key] = value
    assert errors(changed)


def unknown_fields(value: Any, kind: str, path: str = "") -> list[str]:
    """Return the fields that Seldon's own models do not have; pods are checked above."""
    models = pytest.importorskip(
        "seldon_deploy_sdk.models", reason="in another environment: make test-infra"
    )
    if listed := re.fullmatch(r"list\[(.*)\]", kind):
        found = [unknown_fields(item, listed[1], f"{path}[]") for item in value]
        return [field for fields in found for field in fields]
    model = getattr(models, kind, None)
    if model is None or kind == "PodSpec" or not isinstance(value, dict):
        return []
    names = {name: attribute for attribute, name in model.attribute_map.items()}
    found = [
        unknown_fields(inner, model.swagger_types[names[key]], f"{path}.{key}")
        if key in names
        else [f"{path}.{key}"]
        for key, inner in value.items()
    ]
    return [field for fields in found for field in fields]


def test_the_deployment_has_the_fields_of_seldons_models() -> None:
    manifest = json.loads(MANIFEST.read_text())
    assert unknown_fields(manifest, "SeldonDeployment") == []
    predictor = manifest["spec"]["predictors"][0]
    predictor["replica"] = predictor.pop("replicas")
    predictor["graph"]["kind"] = "MODEL"
    assert unknown_fields(manifest, "SeldonDeployment") == [
        ".spec.predictors[].graph.kind",
        ".spec.predictors[].replica",
    ]
