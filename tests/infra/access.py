"""What infra/gcp grants to whom, what is reachable from where, and its interface, as one structure.

The interface are variables, outputs, providers and the backend of the state.

After a deliberate change, review the diff of
python -m tests.infra.access > tests/infra/access.yaml
"""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import yaml

REPOSITORY = Path(__file__).parents[2]
INFRA = Path(os.environ.get("TESTED_INFRA", REPOSITORY / "infra" / "gcp"))
"""Another folder is tested by tests/infra/mutation.py."""

WHOLE = {
    "google_storage_bucket",
    "kubernetes_ingress_v1",
    "kubernetes_namespace",
    "kubernetes_role",
    "kubernetes_role_binding",
    "kubernetes_service",
    "kubernetes_service_account",
}
"""Types of resources whose every argument is about access; so are all `…_iam_member`."""

PARTS: dict[str, list[tuple[str | int, ...]]] = {
    "google_cloud_run_v2_service": [
        ("invoker_iam_disabled",),
        ("lifecycle",),
        ("template", 0, "service_account"),
        ("template", 0, "vpc_access"),
        ("template", 0, "containers", 0, "dynamic"),
        ("template", 0, "containers", 0, "env"),
        ("template", 0, "volumes"),
    ],
    "google_billing_budget": [("provider",)],
    "google_compute_global_address": [("network",)],
    "google_container_cluster": [
        ("network",),
        ("subnetwork",),
        ("cluster_autoscaling",),
        ("enable_autopilot",),
        ("private_cluster_config",),
        ("master_authorized_networks_config",),
    ],
    "google_monitoring_notification_channel": [("labels",), ("sensitive_labels",)],
    "google_secret_manager_secret_version": [("secret",), ("secret_data",)],
    "google_sql_database_instance": [
        ("deletion_protection",),
        ("settings", 0, "ip_configuration"),
        ("settings", 0, "backup_configuration"),
    ],
    "google_sql_user": [("password",)],
}
"""Arguments that are about access, by type of resource."""

SERVICES = "google_project_service.used"
TEXTS = {"description", "validation"}

LOCALS = {
    "ca", "cluster", "deployers", "developer_roles", "endpoint", "endpoint_secrets", "forwarder",
    "mlflow_accounts", "mlflow_database", "on_cloud_run", "registry", "secret_access", "secrets",
    "services", "zenml_database",
}  # fmt: skip
"""Values with parts that a plan does not know, and those that decide what exists."""


def access(folder: Path) -> dict[str, Any]:
    """Return grants, roles, secrets and networks of a Terraform configuration."""
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.tf")):
        content = _parse(file.read_text())
        found |= _interface(content)
        for block in content.get("locals", []):
            found |= {f"local.{name}": block[name] for name in LOCALS & set(block)}
        for block in content.get("resource", []):
            for kind, named in block.items():
                for name, body in named.items():
                    if kind in WHOLE or kind.endswith("_iam_member"):
                        found[f"{kind}.{name}"] = body
                    elif kind in PARTS:
                        values = {".".join(map(str, p)): _at(body, p) for p in PARTS[kind]}
                        found[f"{kind}.{name}"] = values
                    if waits := [w for w in body.get("depends_on", []) if SERVICES not in w]:
                        found[f"{kind}.{name} depends_on"] = waits
    return found


def _interface(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"terraform": content["terraform"]} if "terraform" in content else {}
    for kind in ("output", "variable"):
        for block in content.get(kind, []):
            for name, body in block.items():
                found[f"{kind}.{name}"] = {k: v for k, v in body.items() if k not in TEXTS}
    for number, block in enumerate(content.get("provider", [])):
        found[f"provider.{number}"] = block
    return found


@cache
def _parse(text: str) -> Any:
    return _plain(hcl2.loads(text))


def _plain(node: Any) -> Any:
    """Return parsed HCL without quotes, comments and marks of blocks."""
    if isinstance(node, dict):
        return {_plain(k): _plain(v) for k, v in node.items() if not k.startswith("__")}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return node.strip('"') if isinstance(node, str) else node


def _at(node: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        try:
            node = node[key]
        except (KeyError, IndexError):
            return None
    return node


if __name__ == "__main__":
    yaml.safe_dump(access(INFRA), sys.stdout, width=120)
