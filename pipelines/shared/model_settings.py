"""A recogniser's parameters: defaults of its `build`, its YAML, and overrides."""

import inspect
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from faces.errors import UserError, did_you_mean, require_choice, unknown_choice
from faces.models import ModelParams, model_builder, model_names, model_parameters

QUOTED = re.compile(r"'([^']*)'")
CONFIGS = Path(__file__).parents[2] / "configs"


def model_params(
    name: str, overrides: ModelParams, config: str, section: str = "params"
) -> ModelParams:
    """Return a recogniser's complete parameters.

    Args:
        name: The recogniser.
        overrides: Parameters that win over those of configs/models/NAME.yaml, which win over the
            defaults of its `build`.
        config: The file that the overrides come from, for error messages.
        section: The section of that file that they come from.

    Raises:
        UserError: If the recogniser or a parameter does not exist, or a value has the wrong type.
    """  # noqa: DOC501 describe_error returns a UserError
    schema = _schema(model_builder(require_choice("model", name, model_names())))
    file = model_config(name)
    own = read_yaml(file) if file.exists() else {}
    defaults = {key: parameter.default for key, parameter in model_parameters(name).items()}
    for source, inside, params in ((str(file), "", own), (config, section, own | overrides)):
        try:
            schema.model_validate(params)
        except ValidationError as error:
            raise describe_error(source, error, defaults, inside) from error
    return defaults | own | overrides


def _schema(build: Callable[..., Any]) -> type[BaseModel]:
    """Return a strict schema of a `build` function's parameters. It builds no model."""
    fields: dict[str, Any] = {
        name: (build.__annotations__[name], parameter.default)
        for name, parameter in inspect.signature(build).parameters.items()
    }
    strict = ConfigDict(extra="forbid", strict=True)
    return create_model("Parameters", __config__=strict, **fields)


def model_config(name: str) -> Path:
    """Return the YAML file of a recogniser, which need not exist.

    Args:
        name: The recogniser.
    """
    return CONFIGS / "models" / f"{name}.yaml"


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of keys and values.

    Args:
        path: The file.

    Returns:
        Values by key; {} for an empty file.

    Raises:
        UserError: If it cannot be read, or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict | None):
        raise UserError(f"{path}: expected keys and values, found a {type(content).__name__}")
    return content or {}


def describe_error(
    place: str, error: ValidationError, keys: Collection[str], section: str = ""
) -> UserError:
    """Describe the first problem of settings in one line.

    Args:
        place: The file or the option that the settings come from.
        error: What is wrong with them.
        keys: The keys that exist, with dots for those of sections inside: "data.source".
        section: The section of the file that was validated; "" for all of it.

    Returns:
        The error: place, key, and what is wrong with its value; for an unknown key the choices.
    """
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    if problem["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return UserError(f"{place}: {_describe_unknown_key(path, keys, section)}")
    key = ".".join([section, *path] if section else path)
    if problem["type"] == "value_error":
        return UserError(f"{place}: {problem['ctx']['error']}")
    if problem["type"] == "literal_error":
        choices = QUOTED.findall(problem["ctx"]["expected"])
        return UserError(f"{place}: {unknown_choice(key, str(problem['input']), choices)}")
    if problem["type"] == "open_host":
        return UserError(f"{place}: {key}.host: {problem['msg']}")
    expected = problem["msg"]
    if problem["type"] == "model_type":
        inside = sorted(name.removeprefix(f"{key}.") for name in keys if name.startswith(f"{key}."))
        expected = f"expected the keys {', '.join(inside)}"
    what = f"{expected}, not {problem['input']!r}"
    if place in (f"--{key}", f"{key}="):
        return UserError(f"{place}: {what}")
    return UserError(f"{place}: {key}: {what}")


def _describe_unknown_key(path: list[str], keys: Collection[str], section: str) -> str:
    """Return the nearest key and the choices, or else the section that the key belongs to."""
    *inner, name = path
    prefix = "".join(f"{part}." for part in inner)
    choices = {key.removeprefix(prefix).split(".")[0] for key in keys if key.startswith(prefix)}
    place = ".".join([section, *inner] if section else inner)
    what = f"key in {place}" if place else "key"
    elsewhere = [key for key in keys if key.rpartition(".")[2] == name]
    if elsewhere and not did_you_mean(name, choices):
        return f"unknown {what} '{name}': did you mean '{elsewhere[0]}'?"
    return unknown_choice(what, name, choices)
