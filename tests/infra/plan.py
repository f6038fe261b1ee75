"""What `terraform plan` would create, with mocked providers and without a cloud.

After a deliberate change, review the diff of
python -m tests.infra.plan > tests/infra/plan.yaml
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.infra.access import INFRA, REPOSITORY

VARIABLES: dict[str, Any] = {
    "project": "faces-project",
    "developers": ["user:ada@example.org"],
    "billing_account": "0X0X0X-0X0X0X-0X0X0X",
    "mlflow_tag": "1a2b",
    "alert_emails": ["ada@example.org"],
    "alert_chat_space": "spaces/AAAA",
    "alert_webhook_secret": "faces-alerts-url",
    "serving_tag": "3c4d",
}
SERVING: dict[str, dict[str, Any]] = {
    "cloud_run": {},
    "kubernetes": {
        "serving": "kubernetes",
        "domain": "faces.example.org",
        "authorized_networks": ["203.0.113.7/32"],
    },
}
"""Variables of each way of serving."""

MOCKS = """
mock_provider "google" {}
mock_provider "google" { alias = "billing" }
mock_provider "helm" {}
mock_provider "kubernetes" {}
mock_provider "random" {}
"""
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another_platform": ({"serving": "vm"}, "var.serving"),
    "the_whole_internet": ({"authorized_networks": ["0.0.0.0/0"]}, "var.authorized_networks"),
    "a_cluster_without_a_domain": ({"serving": "kubernetes"}, "google_container_cluster.faces"),
    "alerts_for_nobody": (
        {"alert_emails": [], "alert_chat_space": "", "alert_webhook_secret": ""},
        "check.somebody_is_notified",
    ),
    "a_webhook_without_an_image": ({"serving_tag": ""}, "check.the_webhook_is_notified"),
}
"""Variables that are refused or warned about, and by what."""

FORWARDER = (
    "google_cloud_run_v2_service.forwarder",
    "google_monitoring_notification_channel.webhook",
    "google_secret_manager_secret.forwarder",
    "google_secret_manager_secret_iam_member.forwarder_password",
    "google_secret_manager_secret_iam_member.forwarder_webhook",
    "google_secret_manager_secret_version.forwarder",
    "google_service_account.forwarder",
    "random_password.forwarder",
)
ABSENT: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no_webhook": ({"alert_webhook_secret": ""}, FORWARDER),
    "a_webhook_alone": ({"alert_emails": [], "alert_chat_space": ""}, ()),
}
"""Variables that are accepted without a warning, and what they do not create."""

TEXTS = {"display_name", "dashboard_json", "documentation"}
"""Texts, which are not behaviour."""


def _run(name: str, variables: Mapping[str, Any], expected: str = "") -> str:
    """Return a run of `terraform test`: a plan, and what is expected of it."""
    values = "".join(f"    {key} = {json.dumps(value)}\n" for key, value in variables.items())
    return f'run "{name}" {{\n  command = plan\n  variables {{\n{values}  }}\n{expected}}}\n'


def _refused(by: str) -> str:
    return f"  expect_failures = [{by}]\n"


def _absent(addresses: Sequence[str]) -> str:
    condition = "  assert {{\n    condition = length({0}) == 0\n    error_message = {1}\n  }}\n"
    return "".join(condition.format(address, json.dumps(address)) for address in addresses)


RUNS = MOCKS + "".join(
    [_run(name, VARIABLES | values) for name, values in SERVING.items()]
    + [_run(name, VARIABLES | values, _refused(by)) for name, (values, by) in REFUSED.items()]
    + [_run(name, VARIABLES | values, _absent(of)) for name, (values, of) in ABSENT.items()]
)


def plan(folder: Path, providers: Mapping[str, str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Plan both ways of serving, and try what has to be refused.

    Args:
        folder: Files of Terraform, in a repository's infra/gcp.
        providers: Environment with stub providers.

    Returns:
        The planned values by address, of `both` and of each way of serving, and the errors.
    """
    (folder / "plan.tftest.hcl").write_text(RUNS)
    done = subprocess.run(
        ["terraform", f"-chdir={folder}", "test", "-json", "-verbose"],
        env=dict(providers), capture_output=True, text=True,
    )  # fmt: skip
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    errors = [
        f"{message['diagnostic']['summary']}: {message['diagnostic'].get('detail', '')}"
        for message in messages
        if message["type"] == "diagnostic" and message["diagnostic"]["severity"] == "error"
    ]
    plans = {m["@testrun"]: m["test_plan"] for m in messages if m["type"] == "test_plan"}
    if errors or not SERVING.keys() <= plans.keys():
        return {}, errors or [done.stdout]
    first, second = (_resources(plans[name]) for name in SERVING)
    both = {name: item for name, item in first.items() if second.get(name) == item}
    parts = zip(SERVING, (first, second), strict=True)
    return {"both": both} | {run: _without(both, part) for run, part in parts}, []


def _without(common: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in part.items() if name not in common}


def _resources(planned: Mapping[str, Any]) -> dict[str, Any]:
    changes = planned["resource_changes"]
    return {item["address"]: _known(item["change"]["after"]) for item in changes}


class _Plain(yaml.SafeDumper):
    """Writes repeated values again instead of references to them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _known(value: Any) -> Any:
    """Return a planned value without what is empty or unknown until it is created."""
    if isinstance(value, list):
        return [_known(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {key: _known(item) for key, item in value.items() if key not in TEXTS}
    return {key: item for key, item in known.items() if item not in (None, [], {})}


def repository(folder: Path) -> Path:
    """Copy what a plan reads to a folder; returns the copy of infra/gcp."""
    copy = folder / "infra" / "gcp"
    shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfvars"))
    shutil.copytree(REPOSITORY / "monitoring", folder / "monitoring")
    return copy


def main() -> None:
    """Print the plan of each way of serving."""
    from tests.infra.provider import stub_providers

    with TemporaryDirectory() as folder, stub_providers(Path(folder)) as providers:
        found, errors = plan(repository(Path(folder)), providers)
    assert not errors, errors
    yaml.dump(found, sys.stdout, Dumper=_Plain, width=120)


if __name__ == "__main__":
    main()
