"""Stub providers with the real schemas, and a copy of infra/gcp to change."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INFRA = HERE.parents[1] / "infra" / "gcp"
PROVIDERS = ("google", "helm", "kubernetes", "random")


def _types(provider: str) -> set[str]:
    text = "\n".join(file.read_text() for file in INFRA.glob("*.tf"))
    found = re.findall(rf'^(resource|data) "({provider}_\w+)"', text, re.MULTILINE)
    return {f"data.{kind}" if block == "data" else kind for block, kind in found}


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which Terraform uses the stub providers."""
    if shutil.which("terraform") is None:
        pytest.skip("Terraform is not installed")
    if importlib.util.find_spec("tf") is None:
        pytest.skip("the schemas are in another environment: make test-infra")
    folder = tmp_path_factory.mktemp("providers")
    overrides = []
    for name in PROVIDERS:
        schema, program = folder / f"{name}.pb", folder / name / f"terraform-provider-{name}"
        subprocess.run(
            [sys.executable, HERE / "schemas.py", name, schema, *sorted(_types(name))], check=True
        )
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nexec {sys.executable} {HERE / 'provider.py'} {schema}\n")
        program.chmod(0o755)
        overrides.append(f'"hashicorp/{name}" = "{program.parent}"')
    config = folder / "terraform.rc"
    config.write_text(
        "provider_installation {\n  dev_overrides {\n" + "\n".join(overrides) + "\n  }\n}\n"
    )
    return {"TF_CLI_CONFIG_FILE": str(config), "PATH": "/usr/bin:/bin:/usr/local/bin"}


@pytest.fixture
def validate(environment: dict[str, str]) -> Callable[[Path], list[str]]:
    """Return a function that returns the errors of `terraform validate` in a folder."""

    def validate(folder: Path) -> list[str]:
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", "validate", "-json"],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout, done.stderr
        return [
            f"{item['summary']}: {item['detail']}"
            for item in json.loads(done.stdout)["diagnostics"]
            if item["severity"] == "error"
        ]

    return validate


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    """A copy of infra/gcp."""
    copy = tmp_path / "gcp"
    shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfvars"))
    return copy
