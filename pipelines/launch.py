"""Run a pipeline on a stack and say what came of it."""

import fcntl
import functools
import importlib.metadata
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.models import StackResponse

from pipelines.progress import show_progress
from pipelines.settings import TrainingSettings
from stacks.ready import check_ready, mlflow_address
from stacks.register import apply_changes, plan_changes, register_stack
from stacks.specs import read_stack, stack_names

HOME_STACK = "local"

# ZenML asks this anew for every source it resolves, 0.3 s each time; the answer does not change.
importlib.metadata.packages_distributions = functools.cache(
    importlib.metadata.packages_distributions
)


def launch(
    pipeline: str, settings: TrainingSettings, stack: str | None, cached: bool, console: Console
) -> dict[str, Any]:
    """Run a pipeline and return its summary.

    The stack is `stack`, else the active one; ZenML's own 'default' gives way to 'local', for good.
    Raises InputError if the stack does not exist or is not ready.
    """
    with show_progress(console, "getting ready …") as status:
        chosen = _choose_stack(stack)
        check_ready(chosen)
        os.environ["ZENML_ACTIVE_STACK_ID"] = str(chosen.id)
        module = import_module(f"pipelines.{pipeline}")
        define = getattr(module, pipeline)
        status.update(f"starting {pipeline} on stack '{chosen.name}' …")
        run = define.with_options(enable_cache=None if cached else False)(
            settings=settings.model_dump(mode="json")
        )
    summary: dict[str, Any] = module.summarize(run)
    summary["run"] |= {"stack": chosen.name, "mlflow": mlflow_address(chosen)}
    return summary


def register_all(console: Console, dry_run: bool = False) -> None:
    """Register every stack that has a YAML, or only tell what that would change."""
    with _alone():
        for name in stack_names():
            stack = read_stack(name, os.environ)
            changes = plan_changes(stack)
            if not dry_run:
                apply_changes(changes)
            state = "would change" if dry_run else "is registered"
            console.print(f"stack '{name}' {state if changes else 'is up to date'}")
            for change in changes:
                console.print(f"  {change}")
            if stack.unset:
                console.print(
                    f"  [dim]not set, so left as placeholders: {', '.join(stack.unset)}[/]"
                )


def _choose_stack(name: str | None) -> StackResponse:
    """Register what is missing, and give the stack to run on."""
    with _alone():
        GlobalConfiguration().analytics_opt_in = False
        client = Client()
        for known in stack_names():
            if not client.list_stacks(name=known, size=1).items:
                register_stack(read_stack(known, os.environ))
        if name is None and client.active_stack_model.name == "default":
            client.activate_stack(HOME_STACK)
        try:
            return client.get_stack(name, allow_name_prefix_match=False)
        except KeyError:
            from faces.errors import choose

            choose("stack", str(name), [s.name for s in client.list_stacks().items])
            raise


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time sets up ZenML's database and stacks: first runs must not collide."""
    folder = Path(GlobalConfiguration().config_directory)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "faces.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
