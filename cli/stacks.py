"""Register stacks and check them, from the command line."""

import os

from rich.console import Console
from rich.markup import escape
from zenml.client import Client
from zenml.models import StackResponse

from components.tracking.base import active_tracker
from faces.errors import require_choice
from stacks.databases import create_zenml_database, exclusive_lock
from stacks.doctor import check_stack as run_checks
from stacks.readiness import check_ready
from stacks.register import apply_changes, plan_changes, register_stack
from stacks.spec import read_stack, stack_names

DEFAULT_STACK = "local"


def register_all(console: Console, dry_run: bool = False) -> None:
    """Register every stack that has a YAML file.

    Args:
        console: Where the changes are printed.
        dry_run: Whether to print the changes without making them.

    Raises:
        UserError: If a secret is missing, a component has another flavor, or a change fails.
    """
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
                unset = ", ".join(stack.unset)
                console.print(f"  [dim]not set, so left as placeholders: {unset}[/]")


def check_stack(name: str, console: Console) -> bool:
    """Print the result of every check of a stack.

    Args:
        name: The stack.
        console: Where the results are printed.

    Returns:
        Whether all checks passed.

    Raises:
        UserError: If there is no such stack.
    """
    with exclusive_lock():
        create_zenml_database()
    ok = True
    for finding in run_checks(read_stack(name, os.environ)):
        mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
        console.print(f"  {mark} {finding.part}: {escape(finding.message)}", soft_wrap=True)
        if finding.fix:
            console.print(f"      [bold]{escape(finding.fix)}[/]", soft_wrap=True)
        ok = ok and finding.ok
    return ok


def select_stack(name: str | None) -> StackResponse:
    """Set up what is missing, and select the stack to run on.

    Args:
        name: The stack; None for the active one. ZenML's own 'default' is replaced by 'local'.

    Returns:
        The stack as registered in ZenML.

    Raises:
        UserError: If the stack does not exist or is not ready.
    """
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
