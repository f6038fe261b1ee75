"""Syntax, references and roles of infra/gcp, as far as they can be checked without Google."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from components.deployers.container_images import ENTRY_POINTS
from serving import alert_forwarder
from stacks.spec import read_stack
from tests.infra.access import INFRA, REPOSITORY

FILES = sorted(INFRA.glob("*.tf"))
TEXT = "\n".join(file.read_text() for file in FILES)


def unquoted(name: str) -> str:
    return name.strip('"')


@pytest.fixture(scope="module")
def blocks() -> dict[str, list[dict[str, Any]]]:
    """Every top-level block of every file, by type."""
    blocks: dict[str, list[dict[str, Any]]] = {}
    for file in FILES:
        for kind, content in hcl2.loads(file.read_text()).items():
            if isinstance(content, list):
                blocks.setdefault(kind, []).extend(content)
    return blocks


def test_every_referenced_resource_is_declared(blocks: dict[str, list[dict[str, Any]]]) -> None:
    declared = {
        f"{unquoted(kind)}.{unquoted(name)}"
        for block in blocks["resource"]
        for kind, named in block.items()
        if isinstance(named, dict)
        for name in named
    }
    assert len(declared) > 20
    named = set(re.findall(r"(?<![\w.\"])((?:google|kubernetes|helm|random)_\w+\.\w+)", TEXT))
    assert named
    assert named <= declared


def test_every_variable_is_declared_described_and_used(
    blocks: dict[str, list[dict[str, Any]]],
) -> None:
    declared = {unquoted(name) for block in blocks["variable"] for name in block}
    assert set(re.findall(r"\bvar\.(\w+)", TEXT)) == declared
    described = re.findall(r'variable "\w+" \{\s+description', TEXT)
    assert len(described) == len(declared)


def test_no_identity_has_a_basic_role_and_nothing_is_public() -> None:
    roles = set(re.findall(r'"(roles/[\w.]+)"', TEXT))
    assert roles
    assert not {"roles/owner", "roles/editor", "roles/storage.admin"} & roles
    assert "allUsers" not in TEXT
    buckets = re.findall(r'resource "google_storage_bucket" .*?\n}\n', TEXT, re.DOTALL)
    assert len(buckets) == 3
    for bucket in buckets:
        assert 'public_access_prevention    = "enforced"' in bucket
        assert "uniform_bucket_level_access = true" in bucket
    assert "ipv4_enabled    = false" in TEXT


def test_every_variable_of_the_stack_is_an_output() -> None:
    required = set(read_stack("gcp", {}).unset)
    exported = set(re.findall(r"export ([A-Z_]+)=", TEXT))
    assert required
    assert required <= exported


def test_every_resource_waits_for_the_services() -> None:
    texts = {
        f"{kind}.{name}": text
        for kind, name, text in re.findall(
            r'^resource "(google_\w+)" "(\w+)" \{\n(.*?)^\}', TEXT, re.DOTALL | re.MULTILINE
        )
    }
    waiting = {name for name, text in texts.items() if "[google_project_service.used]" in text}
    for _ in texts:
        waiting |= {n for n, t in texts.items() if any(re.search(rf"\b{w}\b", t) for w in waiting)}
    assert set(texts) - waiting == {"google_project_service.used"}


def test_the_load_balancer_checks_a_path_that_needs_no_token() -> None:
    chart = INFRA / "health-check" / "templates" / "backend-config.yaml"
    config = yaml.safe_load(chart.read_text())
    assert config["spec"]["healthCheck"]["requestPath"] == "/health/ping"
    name = config["metadata"]["name"]
    assert f'"cloud.google.com/backend-config" = jsonencode({{ default = "{name}" }})' in TEXT


def test_the_alert_forwarder_gets_what_it_reads() -> None:
    text = (INFRA / "alert_forwarder.tf").read_text()
    command = re.search(r'command = \["/venv/bin/python", "-m", "([\w.]+)"\]', text)
    assert command
    assert command[1] == alert_forwarder.__name__
    assert command[1] in ENTRY_POINTS
    assert set(re.findall(r'name = "(FACES_\w+)"', text)) == {
        alert_forwarder.WEBHOOK,
        alert_forwarder.PASSWORD,
    }
    assert f'username = "{alert_forwarder.USER}"' in text
    assert f"container_port = {alert_forwarder.DEFAULT_PORT}\n" in text


SECRET_FILES = ["infra/gcp/terraform.tfstate", "infra/gcp/terraform.tfvars", "gcp.env"]


def test_git_ignores_files_with_secrets() -> None:
    for file in SECRET_FILES:
        subprocess.run(["git", "check-ignore", "-q", file], cwd=REPOSITORY, check=True)


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
def test_a_build_uploads_only_what_the_dockerfiles_read(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / ".gcloudignore", tmp_path)
    needed = [
        "faces/__init__.py", "infra/mlflow/Dockerfile", "pipelines/Dockerfile",
        "requirements/gcp.txt", "scripts/slim_packages.py", "serving/pod.py",
    ]  # fmt: skip
    other = [".git/config", ".venv/pyvenv.cfg", "infra/gcp/.terraform/x", "people/ada/1.png"]
    for file in [*needed, *other, *SECRET_FILES]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    listed = subprocess.run(
        ["gcloud", "meta", "list-files-for-upload"], cwd=tmp_path, capture_output=True, text=True
    )
    assert sorted(listed.stdout.split()) == needed, listed.stderr


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_files_have_terraforms_format() -> None:
    done = subprocess.run(
        ["terraform", f"-chdir={INFRA}", "fmt", "-check", "-diff"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
