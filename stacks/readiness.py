"""Check that a stack is ready to run, or report what is missing in one line."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec

from zenml.enums import StackComponentType
from zenml.integrations.registry import integration_registry
from zenml.models import ComponentResponse, StackResponse

from components import alerters, clouds, deployers, tracking
from components.checks import Check, CheckFailed, Component, Packages, preflight
from faces.errors import UserError
from stacks.flavors import is_outdated
from stacks.spec import unset_placeholders

EVIDENTLY = Packages(("evidently",), "make setup")
REGISTER = "python run.py --register-stacks"


def check_ready(stack: StackResponse) -> None:
    """Check that a registered stack can run pipelines.

    Args:
        stack: The stack as registered in ZenML.

    Raises:
        UserError: Naming unset variables, packages that are not installed, missing components, and
            the first check that fails.
    """
    parts = [part for several in stack.components.values() for part in several]
    missing = [*_unset(parts), *_outdated(parts), *_not_installed(parts), *_lacking(stack)]
    if missing:
        raise UserError(f"stack '{stack.name}' is not ready: {'; '.join(missing)}")
    components = [
        Component(part.type.value, part.name, part.flavor_name, part.configuration)
        for part in parts
    ]
    try:
        preflight(checks_for(components))
    except CheckFailed as failed:
        raise UserError(f"stack '{stack.name}' is not ready: {failed}") from failed


def checks_for(components: Sequence[Component]) -> Iterator[Check]:
    """List the checks of a stack's components, from every package that has some.

    Args:
        components: All components of a stack, with placeholders filled in.

    Yields:
        Checks that have not run yet.
    """
    for package in (clouds, deployers, tracking, alerters):
        yield from package.checks_for(components)


def missing_packages(flavors: Iterable[str]) -> dict[str, list[str]]:
    """Return the Python modules that flavors need and that are not installed.

    Args:
        flavors: Names of flavors; unknown ones need nothing.

    Returns:
        Missing modules by the command that installs them.
    """
    known, missing = _packages(), dict[str, list[str]]()
    for flavor in sorted(known.keys() & set(flavors)):
        for module in known[flavor].modules:
            if not _is_importable(module):
                missing.setdefault(known[flavor].install, []).append(module)
    return {command: sorted(set(modules)) for command, modules in missing.items()}


def _packages() -> dict[str, Packages]:
    own = {**clouds.packages(), **deployers.packages(), **tracking.packages()}
    return {**own, "evidently": EVIDENTLY}


def _is_importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _unset(parts: Sequence[ComponentResponse]) -> Iterator[str]:
    names = sorted({n for part in parts for n in unset_placeholders(part.configuration)})
    if names:
        yield f"set {', '.join(names)} and run {REGISTER}"


def _outdated(parts: Sequence[ComponentResponse]) -> Iterator[str]:
    names = sorted({part.flavor_name for part in parts if is_outdated(part.flavor)})
    if names:
        yield f"update the registered flavors ({', '.join(names)}): {REGISTER}"


def _not_installed(parts: Sequence[ComponentResponse]) -> Iterator[str]:
    for command, modules in missing_packages(part.flavor_name for part in parts).items():
        yield f"install packages ({', '.join(modules)}): {command}"
    others = {part.integration for part in parts if part.flavor_name not in _packages()}
    unknown = sorted(name for name in others if name and not _is_integration_installed(name))
    if unknown:
        yield f"install packages: zenml integration install {' '.join(unknown)}"


def _is_integration_installed(name: str) -> bool:
    return name in ("built-in", "custom") or integration_registry.is_installed(name)


def _lacking(stack: StackResponse) -> Iterator[str]:
    """Report a missing tracker, and a missing model registry if the tracker needs one."""
    trackers = stack.components.get(StackComponentType.EXPERIMENT_TRACKER)
    if not trackers:
        choices = ", ".join(tracking.trackers())
        yield f"add an experiment tracker ({choices}), or use --stack local"
        return
    tracker = tracking.trackers().get(trackers[0].flavor_name)
    needs_registry = tracker is not None and tracker.needs_model_registry
    if needs_registry and StackComponentType.MODEL_REGISTRY not in stack.components:
        yield "add a model registry, or use --stack local"
