"""Measures coverage in the processes of .venv-serving, which has no package `coverage`.

Python imports this module when it starts: tests/conftest.py puts the folder on the path.
"""

import os
import sys
from pathlib import Path

if Path(sys.prefix).name == ".venv-serving" and "COVERAGE_PACKAGES" in os.environ:
    sys.path.append(os.environ["COVERAGE_PACKAGES"])
    import coverage

    sys.path.pop()
    os.environ["COVERAGE_PROCESS_START"] = str(Path(__file__).with_name("serving.ini"))
    coverage.process_startup()
