"""Environment variables and log handlers for ZenML and MLflow.

python -m cli.runtime_env    # shell commands that set the variables, for bin/activate
"""

import atexit
import logging
import os
from pathlib import Path

ROOT = str(Path(__file__).parent.parent)

DEFAULTS = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    # A run that waits for an approval is paused at once: nobody is asked in its terminal.
    "ZENML_DISABLE_INTERACTIVE_INPUT": "true",
    # In a dynamic pipeline, plain values of any size are parameters of a step. By default
    # ZenML stores each of them as an artifact called external_<uuid>.
    "ZENML_PARAMETER_SIZE_THRESHOLD": "-1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
    "DO_NOT_TRACK": "true",
    # ZenML loads this project's steps and flavors from here.
    "ZENML_CUSTOM_SOURCE_ROOT": ROOT,
}

LOG_FORMAT = "FACES_LOG_FORMAT"
"""Environment variable: "json" for one JSON object per line on stderr."""

PRIVATE = 0o077
"""The umask: files are created with mode 0600, folders with 0700."""


def set_defaults() -> None:
    """Set the variables that are not set, and keep what is written private.

    Must run before ZenML or MLflow is imported. Faces are biometric data: whatever this process and
    its children write, in ZenML's and MLflow's stores too, only its owner can read.
    """
    os.umask(PRIVATE)
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    # OpenTelemetry's log handler flushes in a new thread, which Python 3.12 forbids at exit.
    atexit.register(setattr, logging, "raiseExceptions", False)


def logs_json() -> bool:
    """Return whether logs are wanted as JSON: `--log-format json` or the variable."""
    return os.environ.get(LOG_FORMAT) == "json"


def silence_framework_logs() -> None:
    """Keep framework logs off the terminal, unless ZENML_LOGGING_VERBOSITY is set."""
    if "ZENML_LOGGING_VERBOSITY" in os.environ:
        return
    import zenml.logger  # noqa: F401 - it installs its handlers when it is first imported

    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not writes_to_terminal(h)]
    silence_google_logs()


def silence_google_logs() -> None:
    """Give Google's libraries a handler that discards: without one they print."""
    google = logging.getLogger("google")
    if not google.handlers:
        google.addHandler(logging.FileHandler(os.devnull))


def writes_to_terminal(handler: logging.Handler) -> bool:
    """Return whether a log handler writes to the terminal.

    Args:
        handler: A handler of any library.
    """
    return isinstance(handler, logging.StreamHandler) and not isinstance(
        handler, logging.FileHandler
    )


if __name__ == "__main__":
    print("\n".join(f'export {name}="${{{name}:-{value}}}"' for name, value in DEFAULTS.items()))
    # The `zenml` command uses the current folder as its source root, even with these variables.
    print(f'export PYTHONPATH="{ROOT}${{PYTHONPATH:+:$PYTHONPATH}}"')
