"""Read a pipeline's settings from YAML and the command line, and print where each comes from."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError
from rich.table import Table

from cli.console import make_console
from cli.options import Option, options_of
from components.settings import Settings
from faces.models import model_parameters
from pipelines.shared.model_settings import CONFIGS, describe_error, model_config, read_yaml
from pipelines.shared.registry import load_pipeline

DEFAULT = "default"


def read_settings(
    pipeline: str, config: Path | None = None, options: Mapping[str, object] | None = None
) -> Settings:
    """Read the settings of a pipeline.

    Args:
        pipeline: The pipeline's name.
        config: A YAML file; by default configs/NAME.yaml, which need not exist.
        options: Values of command-line options, by flag. They win over the file.

    Returns:
        The complete settings.

    Raises:
        UserError: In one line: the file or option, the key, and what is wrong or the choices.
    """  # noqa: DOC501 describe_error returns a UserError
    kind = load_pipeline(pipeline).SETTINGS
    given = {flag: value for flag, value in (options or {}).items() if value is not None}
    known = {option.flag: option for option in options_of(kind)}
    path = config or CONFIGS / f"{pipeline}.yaml"
    values = read_yaml(path) if config or path.exists() else {}
    for flag, value in given.items():
        _set(values, known[flag].path, value)
    try:
        settings = kind.model_validate(values)
    except ValidationError as error:
        place = _blame(error, known, given) or str(path)
        raise describe_error(place, error, kind.key_names()) from error
    return settings.complete(str(path), frozenset(given))


def print_settings(
    pipeline: str, settings: Settings, config: Path | None, options: Mapping[str, object]
) -> None:
    """Print every setting with its value, where it comes from, and what it means.

    Args:
        pipeline: The pipeline's name.
        settings: As returned by `read_settings`.
        config: As given to `read_settings`.
        options: As given to `read_settings`.
    """
    kind = load_pipeline(pipeline).SETTINGS
    path = config or CONFIGS / f"{pipeline}.yaml"
    values = read_yaml(path) if config or path.exists() else {}
    flags = {option.path: option.flag for option in options_of(kind)}
    table = Table("setting", "value", "from", "meaning", box=None, padding=(0, 2, 0, 0))
    for name, value, meaning in _leaves(settings):
        source = DEFAULT
        if _has(values, name):
            source = str(path)
        if flags.get(name) in options:
            source = f"--{flags[name]}"
        table.add_row(".".join(name), repr(value), source, meaning)
    params = getattr(settings, "params", None)
    if params is not None:
        model: str = getattr(settings, "model", "")
        own = read_yaml(model_config(model)) if model_config(model).exists() else {}
        for key, parameter in model_parameters(model).items():
            source = str(model_config(model)) if key in own else DEFAULT
            if _has(values, ("params", key)) and "model" not in options:
                source = str(path)
            table.add_row(f"params.{key}", repr(params[key]), source, parameter.meaning)
    make_console().print(table)


def _leaves(
    settings: Settings, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object, str]]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            yield from _leaves(value, (*path, name))
        elif name != "params":
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


def _blame(
    error: ValidationError, known: Mapping[str, Option], given: Mapping[str, object]
) -> str | None:
    """Return the option that a wrong value was given with, None if it was none."""
    place = error.errors()[0]["loc"]
    flags = [flag for flag in given if known[flag].path == place]
    return f"--{flags[0]}" if flags else None
