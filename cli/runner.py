"""Run a pipeline on a stack and say what came of it."""

import functools
import importlib.metadata
import os
from importlib import import_module
from typing import Any

import importlib_metadata
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from zenml.client import Client
from zenml.config import DockerSettings
from zenml.enums import ExecutionMode
from zenml.models import StackResponse

from cli.progress import show_progress
from cli.remote_run import follow_run
from cli.run_lock import run_lock, single_instance
from cli.settings import check_data_reachable
from components import clouds
from components.deployers.container_images import PIPELINES, image_name
from components.settings import Settings
from components.tracking.base import active_tracker
from faces.errors import require_choice
from stacks.databases import create_zenml_database, exclusive_lock
from stacks.doctor import check_stack
from stacks.readiness import check_ready
from stacks.register import apply_changes, plan_changes, register_stack
from stacks.spec import read_stack, stack_names

DEFAULT_STACK = "local"

FAIL_FAST = ExecutionMode.FAIL_FAST
"""Where the orchestrator can: a step's own error comes through, instead of 'a step has failed'."""

# ZenML asks this anew for every source it resolves, and MLflow asks again: 0.3 s each time, for an
# answer that does not change.
remembered = functools.cache(importlib.metadata.packages_distributions)
importlib.metadata.packages_distributions = remembered
importlib_metadata.packages_distributions = remembered


def run_pipeline(
    pipeline: str, settings: Settings, stack: str | None, cached: bool, console: Console
) -> dict[str, Any]:
    """Run a pipeline and return its summary.

    The stack is `stack`, else the active one; ZenML's own 'default' gives way to 'local', for good.
    Raises UserError if the stack does not exist or is not ready.
    """
    with show_progress(console, "getting ready …") as status:
        chosen = choose_stack(stack)
        module = import_module(f"pipelines.{pipeline}")
        status.update(f"starting {pipeline} on stack '{chosen.name}' …")
        with single_instance(pipeline), run_lock(chosen):
            define = getattr(module, pipeline).with_options(**run_options(cached))
            run = _run(define, settings, console, status)
    summary: dict[str, Any] = module.summarize(run)
    summary["run"] |= {"stack": chosen.name, "tracker": active_tracker().ui_hint()}
    return summary


def runs_elsewhere() -> bool:
    """Whether the active stack's steps run on other machines."""
    return not Client().active_stack.orchestrator.config.is_local


def _run(define: Any, settings: Settings, console: Console, status: Status) -> Any:
    elsewhere = runs_elsewhere()
    if elsewhere:
        check_data_reachable(settings, Client().active_stack.artifact_store.path)
    try:
        run = define(settings=settings.model_dump(mode="json"))
        return follow_run(run, console, status) if elsewhere else run
    except Exception as error:
        if elsewhere and (explained := clouds.translate_error(error)):
            raise explained from error
        raise


def run_options(cached: bool) -> dict[str, Any]:
    """How a pipeline runs on the active stack: caching, what a failure ends, in which image."""
    stack = Client().active_stack
    options: dict[str, Any] = {} if cached else {"enable_cache": False}
    if FAIL_FAST in stack.orchestrator.supported_execution_modes:
        options["execution_mode"] = FAIL_FAST
    if stack.container_registry is not None:
        image = image_name(stack.container_registry.config.uri, PIPELINES)
        options["settings"] = {"docker": DockerSettings(parent_image=image, skip_build=True)}
    return options


def register_all(console: Console, dry_run: bool = False) -> None:
    """Register every stack that has a YAML, or only tell what that would change."""
    with exclusive_lock():
        create_zenml_database()
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


def examine_stack(name: str, console: Console) -> bool:
    """Print what is well with a stack and what is not; True if all is."""
    with exclusive_lock():
        create_zenml_database()
    well = True
    for found in check_stack(read_stack(name, os.environ)):
        mark = "[green]✓[/]" if found.ok else "[red]✗[/]"
        console.print(f"  {mark} {found.part}: {escape(found.message)}", soft_wrap=True)
        if found.fix:
            console.print(f"      [bold]{escape(found.fix)}[/]", soft_wrap=True)
        well = well and found.ok
    return well


def choose_stack(name: str | None) -> StackResponse:
    """Set up what is missing, and give the stack to run on."""
    with exclusive_lock():
        create_zenml_database()
        client = Client()
        registered = [stack.name for stack in client.list_stacks(size=1000).items]
        for known in stack_names():
            if known not in registered:
                register_stack(read_stack(known, os.environ))
        if name is None and client.active_stack_model.name == "default":
            client.activate_stack(DEFAULT_STACK)
        if name is not None:
            require_choice("stack", name, {*registered, *stack_names()})
        stack = client.get_stack(name, allow_name_prefix_match=False)
        check_ready(stack)
        os.environ["ZENML_ACTIVE_STACK_ID"] = str(stack.id)
        active_tracker().prepare()
    return stack
