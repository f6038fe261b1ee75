#!/usr/bin/env python
"""The command line: `python run.py --help` explains it. The code is in cli/main.py.

This file also runs on Pythons that the project does not support, in order to say so.
"""

import gc
import sys

OLDEST, TOO_NEW = (3, 11), (3, 13)
FIX = "run make setup, then source .venv/bin/activate"
OWN_PACKAGES = (
    "app",
    "cli",
    "components",
    "faces",
    "pipelines",
    "serving",
    "stacks",
    "steps",
    "store",
)


def main() -> int:
    """Run the command line, or report in one line that the environment is not set up.

    Returns:
        The exit code; 2 without the environment.

    Raises:
        ModuleNotFoundError: If a module of this repository is missing.
    """
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        version = "{}.{}".format(*sys.version_info[:2])
        return _refuse("needs Python 3.11 or 3.12, and this is " + version)
    try:
        from cli.main import main as run

        return run()
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in OWN_PACKAGES:
            raise
        return _refuse(sys.executable + " has no package '" + package + "'")


def _refuse(cause: str) -> int:
    sys.stderr.write("error: " + cause + ": " + FIX + "\n")
    return 2


if __name__ == "__main__":
    code = main()
    # Otherwise, Python's last garbage collection takes a second once ZenML has been imported.
    gc.freeze()
    sys.exit(code)
