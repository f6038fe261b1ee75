"""Targets and variables of the Makefile, without running a target."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True)


def fake_python(folder: Path, version: tuple[int, int]) -> Path:
    """An executable that says it is another version of Python."""
    patch = f"import sys; sys.version_info = {(*version, 0)}; exec(sys.argv[2])"
    path = folder / f"python{version[0]}.{version[1]}"
    path.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{patch}' \"$@\"\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("version", [(3, 10), (3, 13)])
def test_a_named_python_of_another_version_is_refused(
    tmp_path: Path, version: tuple[int, int]
) -> None:
    python = fake_python(tmp_path, version)
    done = make("setup", f"PYTHON={python}")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"{python} is not Python 3.11 or 3.12: install one of them, and name it" in line


def test_a_named_python_that_does_not_exist_is_refused() -> None:
    done = make("setup", "PYTHON=python3.99")
    assert done.returncode == 2
    assert "python3.99 is not Python 3.11 or 3.12" in done.stderr


@pytest.mark.parametrize("version", [(3, 11), (3, 12)])
def test_a_supported_python_is_accepted(tmp_path: Path, version: tuple[int, int]) -> None:
    assert make("help", f"PYTHON={fake_python(tmp_path, version)}").returncode == 0


def test_every_target_is_explained() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
    assert len(targets) > 10
    assert targets == set(re.findall(r"^([a-z][a-z-]*):.*## .", MAKEFILE, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert targets == set(phony.replace("\\", "").split())


def test_pre_commit_runs_the_checks_of_make_check() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    assert repository["repo"] == "local", "hooks of other repositories would be downloaded"
    hooks = repository["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    (recipe,) = re.findall(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert [hook["entry"] for hook in hooks] == recipe.replace(
        "\t@$(BIN)", ".venv/bin"
    ).splitlines()
