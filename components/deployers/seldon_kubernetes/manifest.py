"""The SeldonDeployment to apply: `manifest.yaml` with values filled in, and how to read one."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.deployers.model_store import StoredModel
from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from faces import NAME
from serving.container import MODEL, SETTINGS
from serving.settings import ServerSettings
from serving.tokens import Tokens

TEMPLATE = Path(__file__).with_name("manifest.yaml")
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")

GROUP, API, PLURAL = "machinelearning.seldon.io", "v1", "seldondeployments"
VERSION, REVISION = f"{NAME}/version", f"{NAME}/revision"
"""Labels of the deployment and its pods."""

SECRET, TOKEN_KEY, FEEDBACK_KEY = NAME, "token", "feedback"
"""The Kubernetes secret that pods read the tokens from, and its keys."""

Manifest = dict[str, Any]
"""A Kubernetes object as parsed from YAML or JSON."""


def make_manifest(
    config: SeldonKubernetesConfig,
    image: str,
    settings: ServerSettings,
    model: StoredModel,
    tokens: Tokens,
) -> Manifest:
    """Fill in `manifest.yaml`.

    Args:
        config: The stack component's configuration.
        image: Full name of the container image.
        settings: Settings of the server in each pod.
        model: The model that pods fetch and serve.
        tokens: The bearer tokens. They are not in the manifest, since pods read them from the
            secret `SECRET`, but other tokens are another revision, so that pods are replaced.

    Returns:
        The SeldonDeployment.
    """
    values: dict[str, str | int] = {
        "namespace": config.namespace,
        "version": model.version,
        "replicas": config.replicas,
        "service_account": config.service_account,
        "image": image,
        "settings": json.dumps(asdict(settings), sort_keys=True),
        "model": json.dumps(asdict(model), sort_keys=True),
        "cpu": config.cpu,
        "memory": config.memory,
    }
    pod = _pod(_fill(_template(), {**values, "revision": ""}))
    content = json.dumps([pod, config.replicas, tokens.to_environment()], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    filled: Manifest = _fill(_template(), {**values, "revision": digest})
    return filled


def read_model(deployment: Manifest) -> StoredModel:
    """Return the model that a deployment serves.

    Args:
        deployment: A manifest from `make_manifest`, or as read from the cluster.
    """
    return StoredModel(**json.loads(_variable(deployment, MODEL)))


def read_settings(deployment: Manifest) -> ServerSettings:
    """Return the settings of a deployment's servers.

    Args:
        deployment: A manifest from `make_manifest`, or as read from the cluster.
    """
    return ServerSettings(**json.loads(_variable(deployment, SETTINGS)))


def read_replicas(deployment: Manifest) -> int:
    """Return how many pods a deployment should have.

    Args:
        deployment: A manifest from `make_manifest`, or as read from the cluster.
    """
    return int(deployment["spec"]["predictors"][0]["replicas"])


def with_replicas(deployment: Manifest, replicas: int) -> Manifest:
    """Return a copy of a deployment with another number of pods.

    Args:
        deployment: The manifest to copy; it is not changed.
        replicas: The number of pods.
    """
    predictor = {**deployment["spec"]["predictors"][0], "replicas": replicas}
    return {**deployment, "spec": {**deployment["spec"], "predictors": [predictor]}}


def revision(deployment: Manifest) -> str:
    """Return the hash label that identifies the pods of one revision.

    Args:
        deployment: A manifest from `make_manifest`, or as read from the cluster.
    """
    return str(deployment["metadata"]["labels"][REVISION])


def container_of(deployment: Manifest) -> Manifest:
    """Return the specification of the container that serves.

    Args:
        deployment: A manifest from `make_manifest`, or as read from the cluster.
    """
    container: Manifest = _pod(deployment)["containers"][0]
    return container


@cache
def _template() -> Manifest:
    template: Manifest = yaml.safe_load(TEMPLATE.read_text())
    return template


def _fill(node: Any, values: Mapping[str, str | int]) -> Any:
    """Copy parsed YAML with every ${name} replaced. Values are not parsed, and keep their type."""
    if isinstance(node, dict):
        return {key: _fill(inner, values) for key, inner in node.items()}
    if isinstance(node, list):
        return [_fill(inner, values) for inner in node]
    match = PLACEHOLDER.fullmatch(node) if isinstance(node, str) else None
    return values[match[1]] if match else node


def _pod(deployment: Manifest) -> Manifest:
    pod: Manifest = deployment["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    return pod


def _variable(deployment: Manifest, name: str) -> str:
    variables = {v["name"]: v.get("value", "") for v in container_of(deployment)["env"]}
    return str(variables[name])
