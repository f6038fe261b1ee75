"""Validate a SeldonDeployment like a cluster with Seldon's operator, before anything runs.

Pods are validated with the schemas of Kubernetes; the fields around them are compared with Seldon's
own models in tests/infra.
"""

from typing import Any

import kubernetes_validate

KUBERNETES = "1.31"


class Rejected(Exception):
    """The API server would reject it."""


def check_deployment(body: dict[str, Any], namespace: str) -> None:
    """Raise Rejected if the API server, Seldon's webhook or pod security would reject it."""
    if (body["apiVersion"], body["kind"]) != ("machinelearning.seldon.io/v1", "SeldonDeployment"):
        raise Rejected(f"{body['apiVersion']} {body['kind']}")
    if body["metadata"].get("namespace", namespace) != namespace:
        raise Rejected("metadata.namespace")
    for predictor in body["spec"]["predictors"]:
        for component in predictor["componentSpecs"]:
            pod = {"apiVersion": "v1", "kind": "Pod", **component, "metadata": {"name": "pod"}}
            try:
                kubernetes_validate.validate(pod, KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                raise Rejected(str(error)) from error
            names = [container["name"] for container in pod["spec"]["containers"]]
            if predictor["graph"]["name"] not in names:
                raise Rejected("graph.name: no such container")
            for container in pod["spec"]["containers"]:
                check_restricted(pod["spec"], container)


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
