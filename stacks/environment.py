"""Environment that this project wants of ZenML and MLflow, unless the user set it otherwise."""

import os

DEFAULTS = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "DO_NOT_TRACK": "true",
}


def set_defaults() -> None:
    """Set what is not set. Must run before ZenML or MLflow is imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    print("\n".join(f"export {name}=${{{name}:-{value}}}" for name, value in DEFAULTS.items()))
