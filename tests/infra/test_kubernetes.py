"""The pods of the endpoint, checked against the JSON schemas of Kubernetes."""

import copy
import json
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
