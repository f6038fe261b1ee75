"""A recogniser's parameters: defaults of its `build`, its YAML, and overrides."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, ValidationError, validate_call

from faces.errors import UserError, require_choice
from faces.models import ModelParams, model_builder, model_names, model_parameters

CONFIGS = Path(__file__).parents[2] / "configs"


def model_params(name: str, overrides: ModelParams, config: str) -> ModelParams:
    """Return a recogniser's complete parameters.

    Args:
        name: The recogniser.
        overrides: Parameters that win over those of configs/models/NAME.yaml, which win over the
            defaults of its `build`.
        config: Where the overrides come from, for error messages.

    Raises:
        UserError: If the recogniser or a parameter does not exist, or a value has the wrong type.
    """
    build = model_builder(require_choice("model", name, model_names()))
    validate = validate_call(config=ConfigDict(strict=True))(build)
    file = model_config(name)
    own = read_yaml(file) if file.exists() else {}
    for source, prefix, params in ((str(file), "", own), (config, "params.", own | overrides)):
        try:
            validate(**params)
        except ValidationError as error:
            raise describe_error(source, error, prefix) from error
    defaults = {key: parameter.default for key, parameter in model_parameters(name).items()}
    return defaults | own | overrides


def model_config(name: str) -> Path:
    """Return the YAML file of a recogniser, which need not exist."""
    return CONFIGS / "models" / f"{name}.yaml"


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of keys and values; an empty one is {}.

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


def describe_error(place: str, error: ValidationError, prefix: str = "") -> UserError:
    """Describe the first problem in one line: file or option, key, and what is wrong."""
    problem = error.errors()[0]
    key = prefix + ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return UserError(f"{place}: {problem['ctx']['error']}")
    if problem["type"] == "open_host":
        return UserError(f"{place}: {key}.host: {problem['msg']}")
    unknown = problem["type"] in {"extra_forbidden", "unexpected_keyword_argument"}
    what = "unknown key" if unknown else f"{problem['msg']}, not {problem['input']!r}"
    return UserError(f"{place}: {what}" if place == f"--{key}" else f"{place}: {key}: {what}")
