"""Read settings from YAML and the command line, and say in one line what is wrong with them."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, ValidationError, validate_call

from components.settings import Settings
from faces.data.conditions import parse_condition
from faces.data.dataset import known_conditions
from faces.data.sources import source_names
from faces.data.sources.folder import TABLE, check_folder
from faces.data.sources.remote import is_remote
from faces.errors import UserError, require_choice
from faces.models import ModelParams, model_builder, model_parameters
from pipelines.schemas import PIPELINES, SweepSettings, TrainingSettings

CONFIGS = Path(__file__).parent.parent / "configs"

OPTIONS = {
    "model": ("training",),
    "data": ("training", "sweep"),
    "condition": ("training", "sweep", "traffic"),
    "seed": ("training", "sweep", "traffic"),
    "trials": ("sweep",),
    "minutes": ("sweep",),
    "requests": ("traffic",),
    "corruption": ("traffic",),
    "reason": ("rollback",),
    "page": ("history",),
}
"""The command line's options that only some pipelines take."""


def read_settings(pipeline: str, config: Path | None, args: dict[str, Any]) -> Settings:
    """Read a config, put what the command line gave over it, and complete the model's params.

    Raises UserError that names file and key, or the choices.
    """
    kind = PIPELINES[require_choice("pipeline", pipeline, PIPELINES)]
    path = config or CONFIGS / f"{pipeline}.yaml"
    kept = _read_yaml(path)
    for name, owners in OPTIONS.items():
        if args.get(name) is None:
            continue
        if pipeline not in owners:
            raise UserError(f"--{name} goes with --pipeline {' or '.join(owners)}, not {pipeline}")
        if name != "data":
            kept[name] = args[name]
    if args.get("model") is not None:
        kept.pop("params", None)
    if args.get("data") is not None:
        data = kept.get("data")
        kept["data"] = (data if isinstance(data, dict) else {}) | {"source": args["data"]}
    try:
        settings = kind.model_validate(kept)
    except ValidationError as error:
        loc = error.errors()[0]["loc"]
        asked = len(loc) == 1 and args.get(str(loc[0])) is not None
        raise _explain(f"--{loc[0]}" if asked else str(path), error) from error
    if not isinstance(settings, TrainingSettings | SweepSettings):
        return settings
    condition = _check_condition(settings, chosen=args.get("condition") is not None)
    settings = settings.model_copy(update={"condition": condition})
    if isinstance(settings, SweepSettings):
        return settings.model_copy(update={"defaults": _sweep_defaults(settings, path)})
    params = _model_params(settings.model, settings.params, path)
    return settings.model_copy(update={"params": {**params, "seed": settings.seed}})


def _check_condition(settings: TrainingSettings | SweepSettings, chosen: bool) -> str:
    """Check the condition before anything runs, as far as the data is known by then.

    A folder without conditions.csv has no conditions: all its images are baseline, unless the
    command line asked for a condition. What is in a bucket is looked at by the pipeline.
    """
    source = settings.data.source
    known = known_conditions(source)
    if known is not None:
        parse_condition(settings.condition, known)
        return settings.condition
    if is_remote(source):
        return settings.condition
    table = Path(source).expanduser() / TABLE
    check_folder(table.parent)
    if table.exists():
        return settings.condition
    if chosen and settings.condition:
        raise UserError(f"--condition {settings.condition}: there is no {table}")
    return ""


def check_data_reachable(settings: Settings, store: str) -> None:
    """Raise UserError if machines elsewhere cannot see the data; `store` is their artifact store.

    A folder on this machine is not copied to them unasked: whose faces these are decides that.
    """
    if not isinstance(settings, TrainingSettings | SweepSettings):
        return
    source = settings.data.source
    if source in source_names() or is_remote(source):
        return
    place = "/".join([*store.split("/")[:3], "people"])
    raise UserError(
        f"--data {source}: this stack's machines cannot see that folder: "
        f"gcloud storage cp -r {source.rstrip('/')}/* {place}/ and --data {place}"
    )


def _model_params(name: str, params: ModelParams, path: Path) -> ModelParams:
    """All parameters of a model: the defaults of its `build`, its YAML file, and `params`."""
    checked = validate_call(config=ConfigDict(strict=True))(model_builder(name))
    model_file = CONFIGS / "models" / f"{name}.yaml"
    base = _read_yaml(model_file)
    for source, args in ((model_file, base), (path, base | params)):
        try:
            checked(**args)
        except ValidationError as error:
            raise _explain(str(source), error, "params." if source == path else "") from error
    defaults = {key: parameter.default for key, parameter in model_parameters(name).items()}
    return defaults | base | params


def _sweep_defaults(settings: SweepSettings, path: Path) -> dict[str, ModelParams]:
    """Return each model's default parameters; every value to try is checked against its `build`."""
    for name, space in settings.spaces.items():
        for parameter, values in space.items():
            if not values:
                raise UserError(f"{path}: spaces.{name}.{parameter}: no values to try")
            for value in values:
                _model_params(name, {parameter: value}, path)
    return {name: _model_params(name, {}, path) for name in settings.spaces}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        kept = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(kept, dict | None):
        raise UserError(f"{path}: expected keys and values, found a {type(kept).__name__}")
    return kept or {}


def _explain(place: str, error: ValidationError, prefix: str = "") -> UserError:
    """The first problem in one line: file or option, key, what is wrong."""
    problem = error.errors()[0]
    key = prefix + ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return UserError(f"{place}: {problem['ctx']['error']}")
    if problem["type"] == "open_host":
        return UserError(f"{place}: {key}.host: {problem['msg']}")
    unknown = problem["type"] in {"extra_forbidden", "unexpected_keyword_argument"}
    what = "unknown key" if unknown else f"{problem['msg']}, not {problem['input']!r}"
    return UserError(f"{place}: {what}" if place == f"--{key}" else f"{place}: {key}: {what}")
