"""Validate a SeldonDeployment like a cluster with Seldon's operator, before anything runs."""

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


class Rejected(Exception):
    """The API server would reject it."""


def check_deployment(body: dict[str, Any], namespace: str) -> None:
    """Raise Rejected if the API server, Seldon's webhook or pod security would reject it."""
    if (body["apiVersion"], body["kind"]) != ("machinelearning.seldon.io/v1", "SeldonDeployment"):
        raise Rejected(f"{body['apiVersion']} {body['kind']}")
    if body["metadata"].get("namespace", namespace) != namespace:
        raise Rejected("metadata.namespace")
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
                raise Rejected("graph.name: no such container")
            for container in pod["containers"]:
                check_restricted(pod, container)


def check_restricted(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """Check the pod security standard 'restricted', which the namespace enforces."""
    security, own = pod.get("securityContext", {}), container.get("securityContext", {})
    rules = {
        "runAsNonRoot": security.get("runAsNonRoot"),
        "runAsUser": security.get("runAsUser", 0) > 0,
        "seccompProfile": security.get("seccompProfile", {}).get("type") == "RuntimeDefault",
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "capabilities": own.get("capabilities", {}).get("drop") == ["ALL"],
    }
    if broken := [rule for rule, held in rules.items() if not held]:
        raise Rejected(f"violates PodSecurity restricted: {', '.join(broken)}")


def check_model(path: str, value: Any, kind: str) -> None:
    """Check every field and its type against the kubernetes client's model."""
    if (item := re.fullmatch(r"list\[(.+)\]", kind)) is not None:
        if not isinstance(value, list):
            raise Rejected(f"{path}: a list is needed")
        for inner in value:
            check_model(path, inner, item[1])
    elif kind.startswith("dict(") or kind == "object":
        if kind != "object" and not isinstance(value, dict):
            raise Rejected(f"{path}: an object is needed")
    elif kind in ("str", "int", "bool", "float"):
        if type(value).__name__ != kind:
            raise Rejected(f"{path}: {kind} is needed, not {value!r}")
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
        raise Rejected(f"{path}: unknown field {', '.join(unknown)}")
