"""Register stacks with ZenML: only what differs is changed, and a failure undoes all of it."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import ComponentResponse

from components import alerters, deployers
from faces.errors import UserError
from stacks.spec import Component, Stack, create_secret, registrable, secrets_of

FLAVORS = {
    StackComponentType.MODEL_DEPLOYER: deployers.FLAVORS,
    StackComponentType.ALERTER: alerters.FLAVORS,
}
"""This project's own flavors: name and source."""


@dataclass(frozen=True)
class Change:
    """One thing that registering a stack does."""

    action: str
    what: str
    apply: Callable[[], Callable[[], Any]]
    """Does it, and returns what undoes it."""

    def __str__(self) -> str:
        return f"{self.action} {self.what}"


def plan_changes(stack: Stack) -> list[Change]:
    """What must change in ZenML for `stack` to be registered as its YAML says; [] if nothing."""
    _check_secrets(stack)
    changes = _plan_flavors(stack)
    changes += [change for part in stack.components if (change := _plan_component(part))]
    return changes + _plan_stack(stack)


def apply_changes(changes: list[Change]) -> None:
    """Make all changes or none. Raises UserError with the reason if one fails."""
    with ExitStack() as undo:
        for change in changes:
            try:
                undo.callback(_quietly, change.apply())
            except Exception as error:
                reason = " ".join(str(error).split())
                raise UserError(f"could not {change}, nothing was changed: {reason}") from error
        undo.pop_all()


def register_stack(stack: Stack) -> list[Change]:
    """Register or update a stack; returns what was changed."""
    changes = plan_changes(stack)
    apply_changes(changes)
    return changes


def find_component(type_: str, name: str) -> ComponentResponse | None:
    """A registered component, None if there is none of that name."""
    try:
        return Client().get_stack_component(
            StackComponentType(type_), name, allow_name_prefix_match=False
        )
    except KeyError:
        return None


def _plan_flavors(stack: Stack) -> list[Change]:
    """Flavors of this project that the stack uses and ZenML does not know yet."""
    changes = []
    for kind, own in FLAVORS.items():
        used = {part.flavor for part in stack.components if part.type == kind.value}
        known = {f.name for f in Client().list_flavors(type=kind, size=1000).items}
        changes += [
            Change("create", f"flavor '{name}'", partial(_create_flavor, own[name], kind))
            for name in sorted(own.keys() & used - known)
        ]
    return changes


def _create_flavor(source: str, type_: StackComponentType) -> Callable[[], Any]:
    made = Client().create_flavor(source, type_)
    return lambda: Client().delete_flavor(str(made.id))


def _plan_component(part: Component) -> Change | None:
    client, kind = Client(), StackComponentType(part.type)
    title = f"{part.type} '{part.name}' ({part.flavor})"
    wanted = registrable(part)
    present = find_component(part.type, part.name)
    if present is None:

        def create() -> Callable[[], Any]:
            made = client.create_stack_component(part.name, part.flavor, kind, wanted)
            return lambda: client.delete_stack_component(made.id, kind)

        return Change("create", title, create)
    if present.flavor_name != part.flavor:
        raise UserError(
            f"{part.type} '{part.name}' is registered as {present.flavor_name}, not {part.flavor}: "
            f"delete it (zenml {part.type.replace('_', '-')} delete {part.name}) and run again"
        )
    former = {key: value for key, value in present.configuration.items() if value is not None}
    if former == wanted:
        return None

    def update() -> Callable[[], Any]:
        _configure(present, former, wanted)
        return lambda: _configure(present, wanted, former)

    keys = sorted(k for k in former.keys() | wanted.keys() if former.get(k) != wanted.get(k))
    return Change("update", f"{title}: {', '.join(keys)}", update)


def _configure(part: ComponentResponse, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    removed = {key: None for key in old.keys() - new.keys()}
    Client().update_stack_component(part.id, part.type, configuration={**new, **removed})


def _plan_stack(stack: Stack) -> list[Change]:
    client = Client()
    names = {StackComponentType(part.type): part.name for part in stack.components}
    try:
        present = client.get_stack(stack.name, allow_name_prefix_match=False)
    except KeyError:

        def create() -> Callable[[], Any]:
            made = client.create_stack(stack.name, names)
            return lambda: client.delete_stack(made.id)

        return [Change("create", f"stack '{stack.name}'", create)]
    former = {kind: parts[0].name for kind, parts in present.components.items() if parts}
    if former == names:
        return []

    def update() -> Callable[[], Any]:
        _compose(stack.name, former, names)
        return lambda: _compose(stack.name, names, former)

    return [Change("update", f"stack '{stack.name}': its components", update)]


def _compose(
    name: str, old: Mapping[StackComponentType, str], new: Mapping[StackComponentType, str]
) -> None:
    removed: dict[StackComponentType, list[str]] = {kind: [] for kind in old.keys() - new.keys()}
    Client().update_stack(name, component_updates={k: [v] for k, v in new.items()} | removed)


def _check_secrets(stack: Stack) -> None:
    """A secret must exist once the component that uses it is filled in; until then it may wait."""
    for part in stack.components:
        alone = Stack(stack.name, stack.file, (part,))
        if alone.unset:
            continue
        for name, keys in secrets_of(alone).items():
            try:
                Client().get_secret(name, allow_partial_name_match=False)
            except KeyError:
                raise UserError(
                    f"{stack.file.name}: {part.type} '{part.name}' needs the secret '{name}': "
                    f"{create_secret(name, keys)}"
                ) from None


def _quietly(undo: Callable[[], Any]) -> None:
    with suppress(Exception):
        undo()
