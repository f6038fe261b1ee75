"""Read a stack's YAML and fill its placeholders from the environment."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.checks import Component
from faces.errors import UserError, require_choice

FOLDER = Path(__file__).parent
PLACEHOLDER = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<default>[^}]*))?\}")
SECRET = re.compile(r"^\{\{\s*(?P<name>[\w-]+)\.(?P<key>[\w-]+)\s*\}\}$")


@dataclass(frozen=True)
class Stack:
    """A stack as described by its YAML, with placeholders filled from the environment.

    Attributes:
        name: The name that it is registered with.
        file: Its YAML.
        components: Its components, with those placeholders filled in that have a value.
    """

    name: str
    file: Path
    components: tuple[Component, ...]

    @property
    def unset(self) -> list[str]:
        """Environment variables that the YAML refers to and that are not set."""
        return sorted(set(unset_placeholders([c.configuration for c in self.components])))


def stack_names() -> list[str]:
    """Return the names of the stacks: the YAML files in this folder."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def registrable(part: Component, with_secrets: bool) -> dict[str, Any]:
    """Return the part of a component's configuration that can be registered now.

    ZenML looks secrets up as soon as a component refers to them, so references to secrets that do
    not exist yet are left out. If they exist, they stay although the stack is incomplete: another
    stack may have filled in the address of the same MLflow server, which requires a password.

    Args:
        part: A component of a stack's YAML.
        with_secrets: Whether the secrets exist that the component refers to.
    """
    return {
        key: value
        for key, value in part.configuration.items()
        if value is not None and (with_secrets or not any(secrets(value)))
    }


def read_stack(name: str, environment: Mapping[str, str]) -> Stack:
    """Read stacks/NAME.yaml. A placeholder without a value stays in the text.

    Args:
        name: The stack's name.
        environment: Values of placeholders, such as `os.environ`.

    Returns:
        The stack.

    Raises:
        UserError: For an unknown name or a malformed file.
    """
    file = FOLDER / f"{require_choice('stack', name, stack_names())}.yaml"
    content = yaml.safe_load(file.read_text())
    try:
        components = tuple(
            Component(
                part["type"], part["name"], part["flavor"], fill(part["configuration"], environment)
            )
            for part in content["components"].values()
        )
        return Stack(content["stack_name"], file, components)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: not in ZenML's stack format: {error} is missing") from error


def fill(value: Any, environment: Mapping[str, str]) -> Any:
    """Fill ${NAME} and ${NAME:-default} in every string of a nested value.

    Args:
        value: Parsed YAML: mappings, lists and scalars; it is not changed.
        environment: Values by name. An empty one counts as missing.

    Returns:
        A copy; placeholders without value and default stay in the text.
    """
    if isinstance(value, Mapping):
        return {key: fill(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, environment) for inner in value]
    if not isinstance(value, str):
        return value
    return PLACEHOLDER.sub(
        lambda match: environment.get(match["name"]) or match["default"] or match[0], value
    )


def unset_placeholders(value: Any) -> Iterator[str]:
    """Yield the names of the placeholders left in a nested value.

    Args:
        value: Parsed YAML: mappings, lists and scalars.
    """
    for text in _strings(value):
        for match in PLACEHOLDER.finditer(text):
            yield match["name"]


def secrets_of(parts: Iterable[Component]) -> dict[str, list[str]]:
    """Return the secrets that components refer to, each with the keys that it must have.

    Args:
        parts: Components of a stack's YAML.
    """
    pairs = sorted({pair for part in parts for pair in secrets(part.configuration)})
    return {name: [key for other, key in pairs if other == name] for name, _ in pairs}


def create_secret(name: str, keys: list[str]) -> str:
    """Return the command that creates a secret.

    Args:
        name: The secret's name.
        keys: Its keys; the user fills in the values.
    """
    return f"zenml secret create {name} {' '.join(f'--{key}=…' for key in keys)}"


def secrets(value: Any) -> Iterator[tuple[str, str]]:
    """Yield secret and key of every reference like {{mlflow.token}} in a nested value.

    Args:
        value: Parsed YAML: mappings, lists and scalars.
    """
    for text in _strings(value):
        if match := SECRET.match(text):
            yield match["name"], match["key"]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
