"""Reference of settings and models, from the schemas."""

from collections.abc import Iterator
from typing import Any, get_args

from cli.options import options_of
from components.settings import Settings
from faces.models import model_names, model_parameters
from pipelines.shared.model_settings import model_config, read_yaml
from pipelines.shared.registry import describe_pipeline, load_pipeline, pipeline_names
from scripts.documentation.markdown import cell, table


def settings_page() -> str:
    """Return the page of all settings of all pipelines."""
    parts = [
        "# Settings\n\nEvery setting can be changed in `configs/PIPELINE.yaml`, or on the command "
        "line by its key: `gate.minimum_images=10`. Some also have an option. "
        "`python run.py --pipeline NAME --settings` shows the values in use and where each comes "
        "from.\n"
    ]
    for name in pipeline_names():
        parts.append(f"## {name}\n\n{describe_pipeline(name)}\n")
        schema = load_pipeline(name).SETTINGS
        flags = {option.path: f"`--{option.flag}`" for option in options_of(schema)}
        rows = [
            (f"`{'.'.join(path)}`", flags.get(path, ""), f"`{default}`", cell(meaning))
            for path, default, meaning in _leaves(schema)
        ]
        parts.append(table(("key", "option", "default", "meaning"), rows))
    return "\n".join(parts)


def models_page() -> str:
    """Return the page of all recognisers with their parameters."""
    parts = [
        "# Models\n\nSelect one with `--model NAME`, and change its parameters with "
        "`params.PARAMETER=VALUE`. [Recognition](../recognition.md) compares them.\n"
    ]
    for name in model_names():
        own = read_yaml(model_config(name)) if model_config(name).exists() else {}
        rows = [
            (f"`{key}`", f"`{own.get(key, parameter.default)!r}`", cell(parameter.meaning))
            for key, parameter in model_parameters(name).items()
        ]
        parts.append(f"## {name}\n\n{_describe_model(name)}\n")
        parts.append(table(("parameter", "default", "meaning"), rows) if rows else "")
    return "\n".join(parts)


def _describe_model(name: str) -> str:
    from importlib import import_module

    docstring = import_module(f"faces.models.recognisers.{name}").__doc__ or ""
    return docstring.strip().split("\n\n")[0]


def _leaves(
    schema: type[Settings], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    for name, field in schema.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        sections = [k for k in kinds if isinstance(k, type) and issubclass(k, Settings)]
        if sections:
            yield from _leaves(sections[0], (*path, name))
        else:
            default = repr(field.get_default(call_default_factory=True))
            required = field.is_required()
            yield (*path, name), "required" if required else default, field.description or ""
