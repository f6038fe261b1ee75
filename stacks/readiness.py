"""Is a registered stack ready to run a pipeline? Says in one line what is missing."""

from collections.abc import Iterable
from importlib.util import find_spec

from zenml.enums import StackComponentType
from zenml.integrations.registry import integration_registry
from zenml.models import StackResponse

from components.checks import CheckFailed
from components.clouds.gcp import preflight
from faces.errors import UserError
from stacks.spec import unset_placeholders

ARTIFACT_STORE = StackComponentType.ARTIFACT_STORE
NEEDED = (StackComponentType.EXPERIMENT_TRACKER, StackComponentType.MODEL_REGISTRY)

MODULES = {
    "gcp": ("gcsfs", "google.cloud.storage"),
    "vertex": ("kfp", "google.cloud.aiplatform"),
    "seldon_kubernetes": ("kubernetes", "gcsfs"),
    "evidently": ("evidently",),
    "mlflow": ("mlflow", "rapidjson"),
}
"""What flavors need to be imported."""


def check_ready(stack: StackResponse) -> None:
    """Raise UserError naming unset variables, packages not installed and components missing."""
    parts = [part for several in stack.components.values() for part in several]
    unset = sorted({n for part in parts for n in unset_placeholders(part.configuration)})
    absent = absent_modules({part.flavor_name for part in parts})
    others = {part.integration for part in parts if part.flavor_name not in MODULES}
    unknown = sorted(name for name in others if name and not _installed(name))
    lacking = [kind.value.replace("_", " ") for kind in NEEDED if kind not in stack.components]
    missing = []
    if unset:
        missing.append(f"set {', '.join(unset)} and run python run.py --register-stacks")
    if absent:
        missing.append(f"install packages ({', '.join(absent)}): make setup-gcp")
    if unknown:
        missing.append(f"install packages: zenml integration install {' '.join(unknown)}")
    if lacking:
        missing.append(f"add to it: {', '.join(lacking)}, or use --stack local")
    if missing:
        raise UserError(f"stack '{stack.name}' is not ready: {'; '.join(missing)}")
    try:
        stores = [p for p in stack.components[ARTIFACT_STORE] if p.flavor_name == "gcp"]
        bucket = str(stores[0].configuration["path"]) if stores else None
        preflight({part.flavor_name for part in parts}, bucket)
    except CheckFailed as ill:
        raise UserError(f"stack '{stack.name}' is not ready: {ill}") from ill


def absent_modules(flavors: Iterable[str]) -> list[str]:
    """What is not installed of what these flavors need."""
    wanted = {module for flavor in flavors for module in MODULES.get(flavor, ())}
    return sorted(module for module in wanted if not _is_there(module))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


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


def mlflow_ui_hint(address: str, mlflow: str = "mlflow") -> str:
    """MLflow's own address if a server has it, or the command that opens a local database."""
    local = not address.startswith("http")
    return f"{mlflow} ui --backend-store-uri {address}" if local else address
