"""What infra/gcp grants to whom, and what is reachable from where, as one structure.

After a deliberate change, review the diff of
python -m tests.infra.access > tests/infra/access.yaml
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import yaml

INFRA = Path(__file__).parents[2] / "infra" / "gcp"

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
        ("template", 0, "service_account"),
        ("template", 0, "vpc_access"),
        ("template", 0, "containers", 0, "dynamic"),
        ("template", 0, "containers", 0, "env"),
        ("template", 0, "volumes"),
    ],
    "google_container_cluster": [
        ("cluster_autoscaling",),
        ("enable_autopilot",),
        ("private_cluster_config",),
        ("master_authorized_networks_config",),
    ],
    "google_sql_database_instance": [
        ("deletion_protection",),
        ("settings", 0, "ip_configuration"),
        ("settings", 0, "backup_configuration"),
    ],
}
"""Arguments that are about access, by type of resource."""

LOCALS = {
    "cluster", "deployers", "developer_roles", "endpoint_secrets", "on_cloud_run", "secret_access",
    "secrets", "services",
}  # fmt: skip


def access(folder: Path) -> dict[str, Any]:
    """Return grants, roles, secrets and networks of a Terraform configuration."""
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.tf")):
        content = _parse(file.read_text())
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
