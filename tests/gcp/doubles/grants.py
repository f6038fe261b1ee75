"""What infra/gcp grants to whom, read from its Terraform files."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from tests.infra.access import access

DEVELOPER = "developers"
"""The identity of a member of `var.developers`; the others are named as in the Terraform files."""

ACCOUNT = re.compile(r"google_service_account\.(\w+)\.member|var\.(developers)")
TARGETS = ("bucket", "name", "repository", "secret_id", "service_account_id")


class Grant(NamedTuple):
    """`resource` has Terraform's name, and is empty for the whole project."""

    identity: str
    role: str
    resource: str
    condition: str = ""

    def holds_for(self, name: str) -> bool:
        """Return whether the condition holds for an object, or, without a name, its bucket."""
        if not self.condition:
            return True
        if not name:
            return "resource.name == " in self.condition
        prefixes = re.findall(r"/objects/([\w/]+)", self.condition)
        return any(name.startswith(prefix) for prefix in prefixes)


def grants(folder: Path) -> set[Grant]:
    """Return the roles of each identity; of a `for_each`, all combinations."""
    found = access(folder)
    result = set()
    for address, body in found.items():
        if not re.search(r"_iam_member\.\w+$", address):
            continue
        text = json.dumps(body)
        for _ in range(2):  # locals refer to others
            text = re.sub(r"local\.(\w+)", lambda m: json.dumps(found.get(m[0], "")), text)
        roles = re.findall(r"roles/[\w.]+", text)
        resource = _resource(body)
        condition = "".join(item["expression"] for item in body.get("condition", []))
        for match in ACCOUNT.finditer(text):
            who = match[1] or match[2]
            result |= {Grant(who, role, resource, condition) for role in roles}
    return result


def _resource(body: dict[str, Any]) -> str:
    target = next((str(body[key]) for key in TARGETS if key in body), "")
    each = str(body.get("for_each", "")) if "each." in target else ""
    match = re.search(r"google_\w+\.\w+", target + each)
    return match[0] if match else ""


def may_deploy(folder: Path, identity: str, verb: str, kind: str, name: str | None) -> bool:
    """Return whether the role of the deployers allows a request to the cluster.

    GKE knows an identity without the scope userinfo.email, as ZenML's connector lends it, by its
    numeric ID.
    """
    found = access(folder)
    binding = json.dumps(found["kubernetes_role_binding.deployer"])
    group, resource = kind.split("/") if "." in kind else ("", kind)
    return f"google_service_account.{identity}.unique_id" in binding and any(
        group in rule["api_groups"]
        and resource in rule["resources"]
        and verb in rule["verbs"]
        and name in rule.get("resource_names", [name])
        for rule in found["kubernetes_role.deployer"]["rule"]
    )
