"""Revisions of the service: what a new one contains, and how to read one.

Resources are dicts with the field names of `google.cloud.run_v2`.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.container_settings import PORT
from components.deployers.model_store import StoredModel
from serving.container import CANDIDATE, METRICS_PORT, MODEL, SETTINGS
from serving.settings import ServerSettings

Resource = dict[str, Any]

COLLECTED_PORT = 8080
"""Where Google's collector looks for metrics unless it is configured otherwise."""

CONTENT, VERSION = "content", "version"
"""Labels of a revision: a hash of all that it consists of, and the model version."""


@dataclass(frozen=True)
class Content:
    """What a revision serves.

    Attributes:
        model: The model that answers.
        settings: Settings of the server.
        candidate: A model that answers in its shadow, if there is one.
    """

    model: StoredModel
    settings: ServerSettings
    candidate: StoredModel | None = None


def make_template(
    config: CloudRunConfig, image: str, content: Content, secret_versions: Mapping[str, str]
) -> Resource:
    """Return the template of a revision, without its name.

    Args:
        config: The stack component's configuration.
        image: Full name of the container image.
        content: What the revision serves.
        secret_versions: Versions of the secrets with the tokens, such as
            projects/p/secrets/s/versions/1, by environment variable. A revision keeps them.

    Returns:
        The template. Its label `CONTENT` is the same for the same content.
    """
    template = {
        "service_account": config.service_account,
        "timeout": {"seconds": content.settings.request_timeout_seconds},
        "max_instance_request_concurrency": config.concurrency,
        "scaling": {
            "min_instance_count": config.min_instances,
            "max_instance_count": config.max_instances,
        },
        "containers": [
            {
                "name": "server",
                "image": image,
                "ports": [{"name": "http1", "container_port": PORT}],
                "env": [
                    *_values(content),
                    *map(_secret, secret_versions.items()),
                    {"name": METRICS_PORT, "value": str(COLLECTED_PORT)},
                ],
                "resources": {
                    "limits": {"cpu": config.cpu, "memory": config.memory},
                    # With a processor between requests, captured requests are uploaded in time.
                    "cpu_idle": False,
                    "startup_cpu_boost": True,
                },
                "startup_probe": _probe("/v2/health/ready", period=3, failures=40),
                "liveness_probe": _probe("/health/ping", period=10, failures=6),
            },
            *_collector(config.metrics_collector),
        ],
    }
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:12]
    return {**template, "labels": {CONTENT: digest, VERSION: content.model.version}}


def with_new_name(template: Resource, service: str) -> Resource:
    """Return a template with a name that no revision has: a failed one keeps its name.

    Args:
        template: The template from `make_template`.
        service: The name of the service.
    """
    labels = template["labels"]
    suffix = f"{labels[CONTENT][:6]}-{secrets.token_hex(2)}"
    return {**template, "revision": f"{service}-v{labels[VERSION]}-{suffix}"}


def read_content(revision: Resource) -> Content:
    """Return what a revision serves.

    Args:
        revision: A revision as read from Cloud Run, or a template.
    """
    values = {v["name"]: v.get("value", "") for v in revision["containers"][0]["env"]}
    candidate = json.loads(values.get(CANDIDATE) or "null")
    return Content(
        StoredModel(**json.loads(values[MODEL])),
        ServerSettings(**json.loads(values[SETTINGS])),
        StoredModel(**candidate) if candidate else None,
    )


def short_name(name: str) -> str:
    """Return the last part of a resource's name.

    Args:
        name: Such as projects/p/locations/l/services/s/revisions/r.
    """
    return name.rsplit("/", 1)[-1]


def _values(content: Content) -> list[Resource]:
    values = {SETTINGS: asdict(content.settings), MODEL: asdict(content.model)}
    if content.candidate:
        values[CANDIDATE] = asdict(content.candidate)
    return [{"name": k, "value": json.dumps(v, sort_keys=True)} for k, v in values.items()]


def _secret(item: tuple[str, str]) -> Resource:
    variable, version = item
    secret, _, number = version.rpartition("/versions/")
    reference = {"secret": short_name(secret), "version": number}
    return {"name": variable, "value_source": {"secret_key_ref": reference}}


def _collector(image: str) -> list[Resource]:
    """Return the container that reads the metrics, in Google's default configuration."""
    resources = {"limits": {"cpu": "1", "memory": "512Mi"}, "cpu_idle": False}
    sidecar = {"name": "collector", "image": image, "depends_on": ["server"]}
    return [{**sidecar, "resources": resources}] if image else []


def _probe(path: str, period: int, failures: int) -> Resource:
    return {
        "http_get": {"path": path, "port": PORT},
        "timeout_seconds": 3,
        "period_seconds": period,
        "failure_threshold": failures,
    }
