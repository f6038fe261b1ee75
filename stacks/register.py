"""Register stacks with ZenML: only what differs is changed, and a failure undoes everything."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import ComponentResponse, FlavorResponse, FlavorUpdate
from zenml.stack.flavor import validate_flavor_source

from components.checks import Component
from faces.errors import UserError
from stacks.flavors import FLAVORS, is_outdated
from stacks.spec import Stack, create_secret, registrable, secrets_of

Undo = Callable[[], object]
FLAVOR_FIELDS = {
    "source",
    "config_schema",
    "connector_type",
    "connector_resource_type",
    "connector_resource_id_attr",
}
"""What ZenML keeps of a flavor's class."""


@dataclass(frozen=True)
class Change:
    """One change that registering a stack makes.

    Attributes:
        action: "create" or "update".
        target: What is created or updated.
        apply: Makes the change, and returns the function that undoes it.
    """

    action: str
    target: str
    apply: Callable[[], Undo]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


def plan_changes(stack: Stack) -> list[Change]:
    """Compare a stack with what is registered.

    Args:
        stack: As returned by `stacks.spec.read_stack`.

    Returns:
        The changes that register it as its YAML describes it; [] if there are none.

    Raises:
        UserError: If a secret is missing, or a component has another flavor.
    """
    _check_secrets(stack)
    changes = _plan_flavors(stack)
    planned = (_plan_component(part) for part in stack.components)
    changes += [change for change in planned if change]
    return changes + _plan_stack(stack)


def apply_changes(changes: list[Change]) -> None:
    """Make all changes or none.

    Args:
        changes: As returned by `plan_changes`, in this order.

    Raises:
        UserError: If a change fails, with the reason. Those before it are undone.
    """
    with ExitStack() as undo:
        for change in changes:
            try:
                undo.callback(_ignore_errors, change.apply())
            except Exception as error:
                reason = " ".join(str(error).split())
                raise UserError(f"could not {change}, nothing was changed: {reason}") from error
        undo.pop_all()


def register_stack(stack: Stack) -> list[Change]:
    """Register or update a stack.

    Args:
        stack: As returned by `stacks.spec.read_stack`.

    Returns:
        The changes that were made; [] if it was registered like this already.

    Raises:
        UserError: If a secret is missing, a component has another flavor, or a change fails.
    """
    changes = plan_changes(stack)
    apply_changes(changes)
    return changes


def _plan_flavors(stack: Stack) -> list[Change]:
    """Plan to create the stack's own flavors, or to update those whose import path changed."""
    changes = []
    for kind, sources in FLAVORS.items():
        used = {part.flavor for part in stack.components if part.type == kind.value}
        registered = {f.name: f for f in Client().list_flavors(type=kind, size=1000).items}
        for name in sorted(sources.keys() & used):
            source = sources[name]
            if name not in registered:
                create = partial(_create_flavor, source, kind)
                changes.append(Change("create", f"flavor '{name}'", create))
            elif is_outdated(registered[name]):
                update = partial(_update_flavor, source, registered[name])
                changes.append(Change("update", f"flavor '{name}': source", update))
    return changes


def _create_flavor(source: str, type_: StackComponentType) -> Undo:
    created = Client().create_flavor(source, type_)
    return lambda: Client().delete_flavor(str(created.id))


def _update_flavor(source: str, registered: FlavorResponse) -> Undo:
    """Update a flavor from its class. ZenML's client has no call for it, but its store has."""
    _, flavor = validate_flavor_source(source=source, component_type=registered.type)
    current = flavor.to_model(integration="custom", is_custom=True)
    previous = {field: getattr(registered, field) for field in FLAVOR_FIELDS}
    store, id_ = Client().zen_store, registered.id
    store.update_flavor(id_, FlavorUpdate(**current.model_dump(include=FLAVOR_FIELDS)))
    return lambda: store.update_flavor(id_, FlavorUpdate(**previous))


def _plan_component(part: Component) -> Change | None:
    client, kind = Client(), StackComponentType(part.type)
    title = f"{part.type} '{part.name}' ({part.flavor})"
    desired = registrable(part, with_secrets=not _missing_secrets(part))
    try:
        present = client.get_stack_component(kind, part.name, allow_name_prefix_match=False)
    except KeyError:

        def create() -> Undo:
            created = client.create_stack_component(part.name, part.flavor, kind, desired)
            return lambda: client.delete_stack_component(created.id, kind)

        return Change("create", title, create)
    if present.flavor_name != part.flavor:
        raise UserError(
            f"{part.type} '{part.name}' is registered as {present.flavor_name}, not {part.flavor}: "
            f"delete it (zenml {part.type.replace('_', '-')} delete {part.name}) and run again"
        )
    previous = {key: value for key, value in present.configuration.items() if value is not None}
    if previous == desired:
        return None

    def update() -> Undo:
        _configure(present, previous, desired)
        return lambda: _configure(present, desired, previous)

    keys = sorted(k for k in previous.keys() | desired.keys() if previous.get(k) != desired.get(k))
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

        def create() -> Undo:
            created = client.create_stack(stack.name, names)
            return lambda: client.delete_stack(created.id)

        return [Change("create", f"stack '{stack.name}'", create)]
    previous = {kind: parts[0].name for kind, parts in present.components.items() if parts}
    if previous == names:
        return []

    def update() -> Undo:
        _compose(stack.name, previous, names)
        return lambda: _compose(stack.name, names, previous)

    return [Change("update", f"stack '{stack.name}': its components", update)]


def _compose(
    name: str, old: Mapping[StackComponentType, str], new: Mapping[StackComponentType, str]
) -> None:
    removed: dict[StackComponentType, list[str]] = {kind: [] for kind in old.keys() - new.keys()}
    Client().update_stack(name, component_updates={k: [v] for k, v in new.items()} | removed)


def _check_secrets(stack: Stack) -> None:
    """Require the stack's secrets once its placeholders are filled in."""
    if stack.unset:
        return
    for part in stack.components:
        for name, keys in _missing_secrets(part).items():
            raise UserError(
                f"{stack.file.name}: {part.type} '{part.name}' needs the secret '{name}': "
                f"{create_secret(name, keys)}"
            )


def _missing_secrets(part: Component) -> dict[str, list[str]]:
    """Return the secrets that a component refers to and that do not exist, with their keys."""
    missing = {}
    for name, keys in secrets_of([part]).items():
        try:
            Client().get_secret(name, allow_partial_name_match=False)
        except KeyError:
            missing[name] = keys
    return missing


def _ignore_errors(undo: Undo) -> None:
    with suppress(Exception):
        undo()
