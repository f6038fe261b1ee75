"""Measures coverage in the processes of .venv-serving, which has no package `slipcover`.

Python imports this module when it starts: tests/conftest.py puts the folder on the path.
"""

import atexit
import json
import os
import sys
from pathlib import Path


def measure() -> None:
    """Measure this process, and write the result when it ends."""
    sys.path.append(os.environ["COVERAGE_PACKAGES"])
    import slipcover

    sys.path.pop()
    root = Path(__file__).resolve().parents[2]
    measured = slipcover.Slipcover()
    matcher = slipcover.FileMatcher([root / "faces", root / "serving"])
    slipcover.ImportManager(measured, matcher).__enter__()

    def write() -> None:
        result = root / "build/coverage" / f"server-{os.getpid()}.json"
        result.write_text(json.dumps(measured.get_coverage()))

    def write_and_exit(status: int) -> None:
        write()
        exit_at_once(status)

    exit_at_once = os._exit
    os._exit = write_and_exit  # type: ignore[assignment]
    atexit.register(write)


if Path(sys.prefix).name == ".venv-serving" and "COVERAGE_PACKAGES" in os.environ:
    measure()
