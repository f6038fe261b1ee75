"""Every command of the workflows is listed here: it runs, or there is a reason why it cannot.

Commands run in the order of the workflow, in a copy of the repository.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from store.versions import create_version
from tests.integration.repository import ROOT, copy_repository

GITHUB = ROOT / ".github"
FILES = sorted([*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")])
CI_COMMANDS = re.findall(r"^make .*", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
"""`.ci/run` runs these; one of them runs this test."""

RUN = {
    '.venv/bin/python -m scripts.data_changes --base "$BASE" --out data-changes',
    '.venv/bin/python -m scripts.registry_changes --version "$VERSION" --out registry-changes',
    'cat data-changes/report.md >> "$GITHUB_STEP_SUMMARY"',
    'cat registry-changes/report.md >> "$GITHUB_STEP_SUMMARY"',
}
"""Commands that are run here."""

NOT_RUN = {
    "make setup-dev": "creates the environment in which this test runs",
    "make setup-gcp": "installs packages; make test-gcp runs with the same ones",
    "make setup-dvc": "creates an environment; make test-gcp uses it",
    "make test-fast": "a part of `make test`",
    '.venv-dvc/bin/dvc remote add --local --default bucket "gs://$GCP_BUCKET/dvc"': (
        "needs a bucket; tests/gcp/test_dvc.py runs it with an emulator"
    ),
    '.venv-dvc/bin/dvc diff --md "$BASE" HEAD >> "$GITHUB_STEP_SUMMARY"': (
        "needs a bucket; tests/gcp/test_dvc.py runs it with an emulator"
    ),
    'eval "$GCP_ENVIRONMENT" && .venv/bin/python run.py --pipeline deployment '
    '--stack "${STACK:-gcp-run}"': "needs a Google Cloud account",
    'git config --global --add safe.directory "$GITHUB_WORKSPACE"': "changes the user's settings",
    "apt-get -qq update && apt-get -qq install --no-install-recommends mariadb-server": (
        "needs root"
    ),
    "apt-get -qq update && apt-get -qq install --no-install-recommends buildah debootstrap": (
        "needs root"
    ),
    '.venv/bin/python -c "from faces.data.sources.olivetti import fetch_faces; fetch_faces()"': (
        "downloads the faces"
    ),
}
"""Commands that are not run here, and why."""

ENVIRONMENT = {
    "BASE": "HEAD",
    "GITHUB_STEP_SUMMARY": "summary.md",
    "VERSION": "",
    "ZENML_STORE_API_KEY": "",
    "ZENML_STORE_URL": "",
}
"""What GitHub or the workflow sets."""


def steps(file: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow, or those of an action."""
    content = yaml.safe_load(file.read_text())
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    return [step for job in jobs for step in job["steps"]]


def commands(file: Path) -> list[str]:
    """The lines of all `run:` in a file."""
    return [line.strip() for step in steps(file) for line in step.get("run", "").splitlines()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_repository(tmp_path_factory.mktemp("checkout") / "repository")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_commands_of_workflows_run(file: Path, checkout: Path, zenml_home: Path) -> None:
    if any("registry_changes" in command for command in commands(file)):
        create_version([], {"metrics": {"baseline_accuracy": 0.9}}, [], "")
    for command in filter(RUN.__contains__, commands(file)):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=checkout,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    if any("GITHUB_STEP_SUMMARY" in command for command in commands(file)):
        assert (checkout / "summary.md").read_text().startswith("# ")
        (checkout / "summary.md").unlink()


def test_every_command_is_listed_and_every_check_of_ci_is_in_a_workflow() -> None:
    used = {command for file in FILES for command in commands(file)}
    assert used == {*RUN, *NOT_RUN, *CI_COMMANDS}


def test_targets_exist_and_packages_are_those_of_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for command in {command for file in FILES for command in commands(file)}:
        if command.startswith("make "):
            done = subprocess.run([*command.split(), "-n"], cwd=ROOT, capture_output=True)
            assert done.returncode == 0, command
        if command.startswith("apt-get"):
            for package in command.rpartition("--no-install-recommends ")[2].split():
                assert re.search(rf"\b{package}\b", script), package


TRUSTED_ACTION = re.compile(
    r"(actions/[\w-]+|google-github-actions/auth|hashicorp/setup-terraform)@v\d+"
)
"""Actions of GitHub, of Google, and of Terraform's vendor."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_workflows_are_safe(file: Path) -> None:
    for step in steps(file):
        assert "${{" not in step.get("run", ""), "pass values in the environment, not in the script"
        used = step.get("uses", "./")
        assert used.startswith("./") or TRUSTED_ACTION.fullmatch(used), used
    content = yaml.safe_load(file.read_text())
    if "jobs" in content:
        assert content["permissions"] == {"contents": "read"}
        assert all("timeout-minutes" in job for job in content["jobs"].values())


def test_the_documented_request_starts_the_registry_report() -> None:
    workflow = yaml.safe_load((GITHUB / "workflows" / "registry-changes.yml").read_text())
    (event,) = workflow[True]["repository_dispatch"]["types"]  # YAML reads `on` as a boolean
    assert f'"event_type": "{event}"' in (ROOT / "CONTRIBUTING.md").read_text()
