"""The SeldonDeployment that is wanted: https://docs.seldon.io/projects/seldon-core (1.17)."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from components.deployers.seldon_kubernetes.flavor import SeldonKubernetesConfig
from faces import NAME
from serving.container import MODEL, SETTINGS
from serving.settings import TOKEN, ServerSettings

GROUP, API, PLURAL = "machinelearning.seldon.io", "v1", "seldondeployments"
PORT, FOLDER, USER = 9000, "/data", 10001
VERSION, REVISION = f"{NAME}/version", f"{NAME}/revision"
"""Labels of the deployment and its pods."""

SECRET, TOKEN_KEY = NAME, "token"

NO_PROXY = {"seldon.io/no-engine": "true"}
"""Seldon's own proxy in each pod would add a hop, and hide all of our paths but two."""


def make_manifest(
    config: SeldonKubernetesConfig,
    image: str,
    settings: ServerSettings,
    model: dict[str, str],
    token: str,
) -> dict[str, Any]:
    """The deployment in which `image` serves `model`: {"version": …, "uri": …, "hash": …}.

    The token is not in it: pods take it from the secret `SECRET`, and are renewed if it changes.
    """
    pod = _pod(config, _container(config, image, settings, model))
    content = json.dumps([pod, config.replicas, token], sort_keys=True)
    labels = {
        VERSION: model["version"],
        REVISION: hashlib.sha256(content.encode()).hexdigest()[:12],
    }
    predictor = {
        "name": "default",
        "replicas": config.replicas,
        "annotations": NO_PROXY,
        "graph": {"name": NAME, "type": "MODEL", "endpoint": {"type": "REST"}, "children": []},
        "componentSpecs": [{"metadata": {"labels": labels}, "spec": pod}],
    }
    return {
        "apiVersion": f"{GROUP}/{API}",
        "kind": "SeldonDeployment",
        "metadata": {"name": NAME, "namespace": config.namespace, "labels": labels},
        "spec": {"name": NAME, "protocol": "seldon", "predictors": [predictor]},
    }


def _pod(config: SeldonKubernetesConfig, container: dict[str, Any]) -> dict[str, Any]:
    return {
        "serviceAccountName": config.service_account,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 60,
        "containers": [container],
        "volumes": [
            {"name": "data", "emptyDir": {"sizeLimit": "2Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _container(
    config: SeldonKubernetesConfig, image: str, settings: ServerSettings, model: dict[str, str]
) -> dict[str, Any]:
    return {
        "name": NAME,
        "image": image,
        "env": [
            {"name": SETTINGS, "value": json.dumps(asdict(settings), sort_keys=True)},
            {"name": MODEL, "value": json.dumps(model, sort_keys=True)},
            {
                "name": TOKEN,
                "valueFrom": {"secretKeyRef": {"name": SECRET, "key": TOKEN_KEY}},
            },
        ],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": config.cpu, "memory": config.memory},
            "limits": {"memory": config.memory},
        },
        "startupProbe": _probe(periodSeconds=2, failureThreshold=60),
        "readinessProbe": _probe(periodSeconds=5, failureThreshold=2),
        "livenessProbe": _probe(periodSeconds=10, failureThreshold=6),
        # What is sent to a pod while the ingress learns that it goes is still answered.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "10"]}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": FOLDER},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def container_of(deployment: dict[str, Any]) -> dict[str, Any]:
    """The container that serves."""
    pod = deployment["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    made: dict[str, Any] = pod["containers"][0]
    return made


def read_model(deployment: dict[str, Any]) -> dict[str, str]:
    """What a deployment serves: `version`, `uri` and `hash`."""
    return dict(json.loads(_value(deployment, MODEL)))


def read_settings(deployment: dict[str, Any]) -> ServerSettings:
    """The settings of a deployment's servers."""
    return ServerSettings(**json.loads(_value(deployment, SETTINGS)))


def revision(deployment: dict[str, Any]) -> str:
    """What tells a deployment's pods from those before."""
    return str(deployment["metadata"]["labels"][REVISION])


def _value(deployment: dict[str, Any], name: str) -> str:
    variables = {v["name"]: v.get("value", "") for v in container_of(deployment)["env"]}
    return str(variables[name])


def _probe(**more: int) -> dict[str, Any]:
    return {"httpGet": {"path": "/health/ping", "port": "http"}, "timeoutSeconds": 3, **more}
