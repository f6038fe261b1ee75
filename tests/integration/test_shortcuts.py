"""What ZenML and MLflow do after the shortcuts, in a separate process."""

import os
import subprocess
import sys
from pathlib import Path

from cli.runtime_env import ROOT

PACKAGES = """
from importlib.metadata import packages_distributions as standard
from cli.shortcuts import installed_packages

expected, found = standard(), installed_packages()
for module in ("numpy", "sklearn", "yaml", "six", "zenml", "google", "mlflow", "PIL"):
    assert set(found[module]) == set(expected[module]), module
assert "no_such_module" not in found
"""

SET_CHAMPION = """
from cli.shortcuts import take_shortcuts
from cli.stacks import select_stack
from components.tracking.base import active_tracker

take_shortcuts()
select_stack("local")
try:
    active_tracker().set_champion("1")
except KeyError as error:
    print("no such version:", error)
"""


def test_installed_packages_are_those_of_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PACKAGES], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_registry_works_in_a_run_whose_steps_do_not_use_the_tracker(tmp_path: Path) -> None:
    """A rollback moves the registry's alias, and no step of it has a tracker."""
    done = subprocess.run(
        [sys.executable, "-c", SET_CHAMPION],
        cwd=ROOT,
        env=os.environ | {"ZENML_CONFIG_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no such version:" in done.stdout
