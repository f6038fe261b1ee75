"""Check every component of a stack before anything runs, and suggest fixes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zenml.client import Client

from components.checks import CheckFailed
from stacks.readiness import checks_for, missing_packages
from stacks.spec import Stack, create_secret, secrets_of


@dataclass(frozen=True)
class Finding:
    """The result of a check.

    Attributes:
        part: The part of the stack that was checked.
        message: The good state, or what is wrong.
        fix: What fixes it; None if nothing is wrong.
    """

    part: str
    message: str
    fix: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the part is in order."""
        return self.fix is None


def check_stack(stack: Stack) -> Iterator[Finding]:
    """Check a stack as described by its YAML, with placeholders filled from the environment.

    Every check times out after some seconds. Checks that need something which was found missing
    before are left out.

    Args:
        stack: As returned by `stacks.spec.read_stack`.

    Yields:
        One finding for each check.
    """
    packages = _run("packages", lambda: _check_packages(stack))
    yield packages
    environment = _run("environment", lambda: _check_environment(stack))
    yield environment
    yield _run("secrets", lambda: _check_secrets(stack))
    if not (packages.ok and environment.ok):
        return
    in_order: set[str | None] = {None}
    for check in checks_for(stack.components):
        if check.needs in in_order:
            finding = _run(check.part, check.run)
            if finding.ok:
                in_order.add(check.part)
            yield finding


def _run(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, check())
    except CheckFailed as failed:
        return Finding(part, failed.cause, failed.remedy)
    except Exception as error:
        first = (str(error) or type(error).__name__).strip().splitlines()[0][:200]
        return Finding(part, f"{type(error).__name__}: {first}", "see docs/gcp.md")


def _check_packages(stack: Stack) -> str:
    missing = missing_packages(component.flavor for component in stack.components)
    if missing:
        modules = sorted({module for several in missing.values() for module in several})
        raise CheckFailed(f"not installed: {', '.join(modules)}", " && ".join(sorted(missing)))
    return "all installed"


def _check_environment(stack: Stack) -> str:
    if stack.unset:
        raise CheckFailed(
            f"not set: {', '.join(stack.unset)}",
            "set them (terraform output -raw environment prints most), then "
            "python run.py --register-stacks",
        )
    return "all variables are set"


def _check_secrets(stack: Stack) -> str:
    required = secrets_of(stack.components)
    for name, keys in required.items():
        try:
            values = Client().get_secret(name, allow_partial_name_match=False).secret_values
        except KeyError:
            raise CheckFailed(f"no secret '{name}'", create_secret(name, keys)) from None
        if lacking := [key for key in keys if key not in values]:
            update = create_secret(name, lacking).replace("create", "update", 1)
            raise CheckFailed(f"secret '{name}' has no {' and no '.join(lacking)}", update)
    return f"all {len(required)} exist" if required else "none needed"
