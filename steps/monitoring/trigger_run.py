"""Start a run of another pipeline from a step."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import JsonValue, TypeAdapter
from zenml import step
from zenml.utils.source_utils import get_source_root

from faces.errors import OperationError


@step(enable_cache=False)
def trigger_run(
    pipeline: str, settings: dict[str, JsonValue]
) -> Annotated[dict[str, JsonValue], "summary"]:
    """Run a pipeline on the active stack as the command line does.

    A separate process, because ZenML does not let a step start a run.

    Args:
        pipeline: Name of the pipeline.
        settings: Its settings, as in a file of `configs`.

    Returns:
        The run's summary, as `--summary` writes it.

    Raises:
        OperationError: If the run fails. The step's log has its output.
    """
    with tempfile.TemporaryDirectory() as folder:
        config, summary = Path(folder) / "config.yaml", Path(folder) / "summary.json"
        config.write_text(yaml.safe_dump(settings))
        command = ["run.py", "--pipeline", pipeline, "--config", config, "--summary", summary]
        run = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=get_source_root(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        last_line = ""
        for line in run.stdout or ():
            print(line, end="")
            last_line = line.strip() or last_line
        if run.wait():
            raise OperationError(f"{pipeline}: {last_line}")
        return TypeAdapter(dict[str, JsonValue]).validate_json(summary.read_bytes())
