"""Start a run of another pipeline, as a person would on the command line."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import yaml
from zenml import step
from zenml.utils.source_utils import get_source_root

from faces.errors import OperationError


@step(enable_cache=False)
def start_run(pipeline: str, settings: dict[str, Any]) -> Annotated[dict[str, Any], "summary"]:
    """Run a pipeline on the active stack, wait for it, and give its summary.

    A process of its own: ZenML does not let a step start a run from within. Raises OperationError if
    the run fails; what it said is in the step's log.
    """
    with tempfile.TemporaryDirectory() as name:
        config, summary = Path(name) / "config.yaml", Path(name) / "summary.json"
        config.write_text(yaml.safe_dump(settings))
        command = ["run.py", "--pipeline", pipeline, "--config", config, "--summary", summary]
        run = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=get_source_root(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert run.stdout is not None
        last = ""
        for line in run.stdout:
            print(line, end="")
            last = line.strip() or last
        if run.wait():
            raise OperationError(f"{pipeline}: {last}")
        told: dict[str, Any] = json.loads(summary.read_text())
    return told
