"""ZenML's own commands find this project's flavors and what they import."""

import os
import subprocess
import sys
from pathlib import Path

from cli.runtime_env import ROOT
from stacks.flavors import FLAVORS

LOAD = """
import sys
from zenml.utils import source_utils
for path in sys.argv[1:]:
    print(source_utils.load(path)().implementation_class.__name__)
"""


def load_flavors(folder: Path, environment: dict[str, str]) -> list[str]:
    """Load all flavors in a process whose `sys.path` is that of an installed command."""
    paths = [path for flavors in FLAVORS.values() for path in flavors.values()]
    script = folder / "load.py"
    script.write_text(LOAD)
    done = subprocess.run(
        [sys.executable, str(script), *paths],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def clean_environment(**variables: str) -> dict[str, str]:
    changed = {"PYTHONPATH", "ZENML_CUSTOM_SOURCE_ROOT"}
    return {**{k: v for k, v in os.environ.items() if k not in changed}, **variables}


def test_flavors_load_with_the_checkout_as_source_root(tmp_path: Path) -> None:
    """As `.venv/bin/zenml` in the checkout."""
    names = load_flavors(tmp_path, clean_environment(ZENML_CUSTOM_SOURCE_ROOT=ROOT))
    assert "SeldonLocalDeployer" in names
    assert "SeldonKubernetesDeployer" in names


def test_flavors_load_from_any_folder_after_activation(tmp_path: Path) -> None:
    """As `zenml` elsewhere, which takes the current folder as the source root."""
    exports = subprocess.run(
        [sys.executable, "-m", "cli.runtime_env"],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    activated = subprocess.run(
        ["bash", "-c", f"{exports}\nenv -0"],
        env=clean_environment(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    environment = dict(entry.split("=", 1) for entry in activated.split("\0") if entry)
    names = load_flavors(tmp_path, {**environment, "ZENML_CUSTOM_SOURCE_ROOT": str(tmp_path)})
    assert "SeldonLocalDeployer" in names
