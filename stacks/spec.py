"""Read a stack's YAML and fill its placeholders from the environment."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faces.errors import UserError, require_choice

FOLDER = Path(__file__).parent
PLACEHOLDER = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<default>[^}]*))?\}")
SECRET = re.compile(r"^\{\{\s*(?P<name>[\w-]+)\.(?P<key>[\w-]+)\s*\}\}$")


@dataclass(frozen=True)
class Component:
    """One component of a stack."""

    type: str
    name: str
    flavor: str
    configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """A stack as its YAML says it, with placeholders filled as far as the environment goes."""

    name: str
    file: Path
    components: tuple[Component, ...]

    @property
    def unset(self) -> list[str]:
        """Environment variables that the YAML wants and nobody set."""
        return sorted(set(unset_placeholders([c.configuration for c in self.components])))


def stack_names() -> list[str]:
    """The stacks that have a YAML here."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def registrable(part: Component) -> dict[str, Any]:
    """What can be registered of a component: a secret of one that is not filled in may not exist.

    ZenML looks secrets up as soon as a component names them.
    """
    waits = any(unset_placeholders(part.configuration))
    return {
        key: value
        for key, value in part.configuration.items()
        if value is not None and not (waits and any(secrets(value)))
    }


def read_stack(name: str, environment: Mapping[str, str]) -> Stack:
    """Read stacks/NAME.yaml. A placeholder without a value stays as it is written.

    Raises UserError for an unknown name or a malformed file.
    """
    file = FOLDER / f"{require_choice('stack', name, stack_names())}.yaml"
    kept = yaml.safe_load(file.read_text())
    try:
        components = tuple(
            Component(
                part["type"], part["name"], part["flavor"], fill(part["configuration"], environment)
            )
            for part in kept["components"].values()
        )
        return Stack(kept["stack_name"], file, components)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: not a stack as ZenML exports it: {error} is missing") from error


def fill(value: Any, environment: Mapping[str, str]) -> Any:
    """Fill ${NAME} and ${NAME:-default} in every string of a nested value."""
    if isinstance(value, Mapping):
        return {key: fill(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, environment) for inner in value]
    if not isinstance(value, str):
        return value
    return PLACEHOLDER.sub(
        lambda found: environment.get(found["name"]) or found["default"] or found[0], value
    )


def unset_placeholders(value: Any) -> Iterator[str]:
    """The names of the placeholders left in a nested value."""
    for text in _strings(value):
        for found in PLACEHOLDER.finditer(text):
            yield found["name"]


def secrets_of(stack: Stack) -> dict[str, list[str]]:
    """The secrets that a stack names, each with the keys that it must have."""
    found = sorted({pair for part in stack.components for pair in secrets(part.configuration)})
    return {name: [key for other, key in found if other == name] for name, _ in found}


def create_secret(name: str, keys: list[str]) -> str:
    """The command that creates a secret."""
    return f"zenml secret create {name} {' '.join(f'--{key}=…' for key in keys)}"


def secrets(value: Any) -> Iterator[tuple[str, str]]:
    """Secret and key of every reference like {{mlflow.token}} in a nested value."""
    for text in _strings(value):
        if found := SECRET.match(text):
            yield found["name"], found["key"]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
