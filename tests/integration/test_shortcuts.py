"""What ZenML and MLflow do after the shortcuts, in a separate process."""

import os
import subprocess
import sys
from pathlib import Path

from cli.runtime_env import ROOT

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
