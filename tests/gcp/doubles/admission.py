"""What a cluster with Seldon's operator refuses of a SeldonDeployment, before anything runs."""

import re
from typing import Any

from kubernetes.client import models

SPEC = {
    "name", "annotations", "oauth_key", "oauth_secret", "predictors", "protocol", "replicas",
    "serverType", "transport",
}  # fmt: skip
PREDICTOR = {
    "annotations", "componentSpecs", "engineResources", "explainer", "graph", "labels", "name",
    "progressDeadlineSeconds", "replicas", "shadow", "ssl", "svcOrchSpec", "traffic",
}  # fmt: skip
GRAPH = {
    "children", "endpoint", "envSecretRefName", "implementation", "logger", "methods", "modelUri",
    "name", "parameters", "serviceAccountName", "storageInitializerImage", "type",
}  # fmt: skip
COMPONENT = {"hpaSpec", "kedaSpec", "metadata", "pdbSpec", "replicas", "spec"}


class Wrong(Exception):
    """The API server would refuse it."""


def check_deployment(body: dict[str, Any], namespace: str) -> None:
    """What the API server, Seldon's webhook and the namespace's pod security would refuse."""
    if (body["apiVersion"], body["kind"]) != ("machinelearning.seldon.io/v1", "SeldonDeployment"):
        raise Wrong(f"{body['apiVersion']} {body['kind']}")
    if body["metadata"].get("namespace", namespace) != namespace:
        raise Wrong("metadata.namespace")
    _check_keys("spec", body["spec"], SPEC)
    for predictor in body["spec"]["predictors"]:
        _check_keys("predictor", predictor, PREDICTOR)
        _check_keys("graph", predictor["graph"], GRAPH)
        for component in predictor["componentSpecs"]:
            _check_keys("componentSpec", component, COMPONENT)
            pod = component["spec"]
            check_model("spec", pod, "V1PodSpec")
            names = [container["name"] for container in pod["containers"]]
            if predictor["graph"]["name"] not in names:
                raise Wrong("graph.name: no such container")
            for container in pod["containers"]:
                check_restricted(pod, container)


def check_restricted(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """The pod security standard 'restricted', which the namespace enforces."""
    security, own = pod.get("securityContext", {}), container.get("securityContext", {})
    kept = {
        "runAsNonRoot": security.get("runAsNonRoot"),
        "runAsUser": security.get("runAsUser", 0) > 0,
        "seccompProfile": security.get("seccompProfile", {}).get("type") == "RuntimeDefault",
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "capabilities": own.get("capabilities", {}).get("drop") == ["ALL"],
    }
    if broken := [rule for rule, held in kept.items() if not held]:
        raise Wrong(f"violates PodSecurity restricted: {', '.join(broken)}")


def check_model(path: str, value: Any, kind: str) -> None:
    """Every field must be one of the kubernetes client's model of it, with a value of its type."""
    if (item := re.fullmatch(r"list\[(.+)\]", kind)) is not None:
        if not isinstance(value, list):
            raise Wrong(f"{path}: a list is needed")
        for inner in value:
            check_model(path, inner, item[1])
    elif kind.startswith("dict(") or kind == "object":
        if kind != "object" and not isinstance(value, dict):
            raise Wrong(f"{path}: an object is needed")
    elif kind in ("str", "int", "bool", "float"):
        if type(value).__name__ != kind:
            raise Wrong(f"{path}: {kind} is needed, not {value!r}")
    elif kind != "datetime":
        model = getattr(models, kind)
        types = {
            json_name: model.openapi_types[attr] for attr, json_name in model.attribute_map.items()
        }
        _check_keys(path, value, set(types))
        for name, inner in value.items():
            check_model(f"{path}.{name}", inner, types[name])


def _check_keys(path: str, value: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(value) - known):
        raise Wrong(f"{path}: unknown field {', '.join(unknown)}")
