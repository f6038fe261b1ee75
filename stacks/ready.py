"""Is a registered stack ready to run a pipeline? Says in one line what is missing."""

from zenml.enums import StackComponentType
from zenml.integrations.registry import integration_registry
from zenml.models import StackResponse

from faces.errors import InputError
from stacks.specs import unset_placeholders

NEEDED = (StackComponentType.EXPERIMENT_TRACKER, StackComponentType.MODEL_REGISTRY)


def check_ready(stack: StackResponse) -> None:
    """Raise InputError naming unset variables, packages not installed and components missing."""
    parts = [part for several in stack.components.values() for part in several]
    unset = sorted({n for part in parts for n in unset_placeholders(part.configuration)})
    wanted = sorted({part.integration for part in parts if part.integration})
    absent = [name for name in wanted if not _installed(name)]
    lacking = [kind.value.replace("_", " ") for kind in NEEDED if kind not in stack.components]
    missing = []
    if unset:
        missing.append(f"set {', '.join(unset)} and run python run.py --register-stacks")
    if absent:
        missing.append(f"install packages: zenml integration install {' '.join(absent)}")
    if lacking:
        missing.append(f"add to it: {', '.join(lacking)}, or use --stack local")
    if missing:
        raise InputError(f"stack '{stack.name}' is not ready: {'; '.join(missing)}")


def _installed(name: str) -> bool:
    return name in ("built-in", "custom") or integration_registry.is_installed(name)


def mlflow_address(stack: StackResponse) -> str | None:
    """Where the stack's MLflow keeps its runs, for a person to open; None without MLflow."""
    from zenml.integrations.mlflow.experiment_trackers import MLFlowExperimentTracker
    from zenml.stack import Stack

    tracker = Stack.from_model(stack).experiment_tracker
    if not isinstance(tracker, MLFlowExperimentTracker):
        return None
    return tracker.get_tracking_uri(as_plain_text=False)
