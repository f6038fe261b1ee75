"""Read a pipeline's settings from YAML and the command line, and print where each comes from."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError
from rich.table import Table

from cli.console import make_console
from cli.options import options_of
from cli.overrides import Overrides
from components.settings import Settings
from faces.errors import UserError
from faces.models import model_parameters
from pipelines.shared.model_settings import CONFIGS, describe_error, model_config, read_yaml
from pipelines.shared.registry import load_pipeline

DEFAULT = "default"
PARAMS = "params"
MODEL = ("model",)
"""A model that is given on the command line does not use the parameters in the file."""

Keys = tuple[str, ...]
"""The names that lead to a setting: ("gate", "minimum_images")."""


def read_settings(
    pipeline: str,
    config: Path | None = None,
    options: Mapping[str, object] | None = None,
    overrides: Overrides | None = None,
) -> Settings:
    """Read the settings of a pipeline.

    Args:
        pipeline: The pipeline's name.
        config: A YAML file; by default configs/NAME.yaml, which need not exist.
        options: Values of command-line options, by flag. They win over the file.
        overrides: Values by key. They win over the file.

    Returns:
        The complete settings.

    Raises:
        UserError: In one line: the file, option or override, the key, and what is wrong or the
            choices.
    """  # noqa: DOC501 describe_error returns a UserError
    kind = load_pipeline(pipeline).SETTINGS
    given = _given(kind, options or {}, overrides or {})
    path = config or CONFIGS / f"{pipeline}.yaml"
    values = read_yaml(path) if config or path.exists() else {}
    if MODEL in given:
        values.pop(PARAMS, None)
    for name, (_, value) in given.items():
        _set(values, name, value)
    try:
        settings = kind.model_validate(values)
    except ValidationError as error:
        keys = tuple(map(str, error.errors()[0]["loc"]))
        place, _ = given.get(keys, (str(path), None))
        raise describe_error(place, error, kind.key_names()) from error
    overridden = any(name[0] == PARAMS for name in given)
    return settings.complete("command line" if overridden else str(path))


def print_settings(
    pipeline: str,
    settings: Settings,
    config: Path | None,
    options: Mapping[str, object],
    overrides: Overrides | None = None,
) -> None:
    """Print every setting with its value, where it comes from, and what it means.

    Args:
        pipeline: The pipeline's name.
        settings: As returned by `read_settings`.
        config: As given to `read_settings`.
        options: As given to `read_settings`.
        overrides: As given to `read_settings`.
    """
    kind = load_pipeline(pipeline).SETTINGS
    path = config or CONFIGS / f"{pipeline}.yaml"
    values = read_yaml(path) if config or path.exists() else {}
    given = _given(kind, options, overrides or {})
    table = Table("setting", "value", "from", "meaning", box=None, padding=(0, 2, 0, 0))
    for name, value, meaning in _leaves(settings):
        source = DEFAULT
        if _has(values, name):
            source = str(path)
        if name in given:
            source, _ = given[name]
        table.add_row(".".join(name), repr(value), source, meaning)
    params = getattr(settings, PARAMS, None)
    if params is not None:
        model: str = getattr(settings, "model", "")
        own = read_yaml(model_config(model)) if model_config(model).exists() else {}
        for key, parameter in model_parameters(model).items():
            source = str(model_config(model)) if key in own else DEFAULT
            if _has(values, (PARAMS, key)) and MODEL not in given:
                source = str(path)
            if (PARAMS, key) in given:
                source, _ = given[PARAMS, key]
            table.add_row(f"params.{key}", repr(params[key]), source, parameter.meaning)
    make_console().print(table)


def _leaves(
    settings: Settings, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object, str]]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            yield from _leaves(value, (*path, name))
        elif name != PARAMS:
            yield (*path, name), value, field.description or ""


def _set(values: dict[str, object], path: tuple[str, ...], value: object) -> None:
    """Set a nested value; values in the way that are not sections are replaced."""
    for name in path[:-1]:
        section = values.get(name)
        values[name] = section if isinstance(section, dict) else {}
        values = values[name]  # type: ignore[assignment]
    values[path[-1]] = value


def _has(values: Mapping[str, object], path: tuple[str, ...]) -> bool:
    section: object = values
    for name in path:
        if not isinstance(section, Mapping) or name not in section:
            return False
        section = section[name]
    return True


def _given(
    kind: type[Settings], options: Mapping[str, object], overrides: Overrides
) -> dict[Keys, tuple[str, object]]:
    """Return what the command line sets: how it is written, and the value."""
    flags = {option.flag: option.path for option in options_of(kind)}
    given: dict[Keys, tuple[str, object]] = {
        flags[flag]: (f"--{flag}", value) for flag, value in options.items() if value is not None
    }
    for key, value in overrides.items():
        path = tuple(key.split("."))
        if path in given:
            raise UserError(f"{given[path][0]} and {key}= set the same: use one of them")
        given[path] = (f"{key}=", value)
    return given
