"""What a pipeline may be told: strict, frozen settings read from YAML and the command line."""

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
    validate_call,
)
from pydantic_core import PydanticCustomError

from faces.conditions import parse_condition
from faces.dataset import SOURCES, known_conditions
from faces.errors import InputError, choose
from faces.models import model_builder, model_names

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONFIGS = Path(__file__).parent.parent / "configs"

Share = Annotated[float, Field(gt=0, lt=1)]


class Strict(BaseModel):
    """Unknown keys and values of another type are errors; nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataSettings(Strict):
    """Where the faces come from; people, images and seed are of synthetic faces."""

    source: str = "auto"
    people: Annotated[int, Field(ge=2)] = 40
    images: Annotated[int, Field(ge=1)] = 10
    seed: Annotated[int, Field(ge=0)] = 0


class Tolerances(Strict):
    """How much accuracy a candidate may lose against production, by part of the held-out images."""

    baseline: Annotated[float, Field(ge=0, le=1)] = 0.02
    drifted: Annotated[float, Field(ge=0, le=1)] = 0.02


class GateSettings(Strict):
    """What a candidate must stand, and on how many images at least."""

    tolerances: Tolerances = Tolerances()
    minimum_images: Annotated[int, Field(ge=1)] = 20


class TrainingSettings(Strict):
    """Everything that the training pipeline may be told. `params` are those of the model."""

    data: DataSettings = DataSettings()
    condition: str = "yaw=frontal"
    test_share: Share = 0.25
    model: str = "svm"
    params: dict[str, Any] = {}
    gate: GateSettings = GateSettings()
    seed: Annotated[int, Field(ge=0)] = 11


class EndpointSettings(Strict):
    """Where the endpoint is, and who may use it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 9000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    token_secret: str = ""
    body_bytes: Annotated[int, Field(ge=10_000)] = 8_000_000
    patience_seconds: Annotated[int, Field(ge=1)] = 60

    @model_validator(mode="after")
    def _open_only_with_token(self) -> Self:
        if not self.token_secret and self.host not in LOOPBACK:
            raise PydanticCustomError(
                "open_host",
                "others could reach the endpoint, so endpoint.token_secret must name a secret",
            )
        return self


class CaptureSettings(Strict):
    """What is kept of answered requests, where, and for how long."""

    capture: bool = True
    capture_place: str = ""
    keep_days: Annotated[float, Field(gt=0, strict=False)] = 30
    rotate_bytes: Annotated[int, Field(ge=100_000)] = 64_000_000
    rotate_seconds: Annotated[float, Field(ge=1, strict=False)] = 3600


class DeploymentSettings(Strict):
    """Everything that the deployment pipeline may be told."""

    endpoint: EndpointSettings = EndpointSettings()
    capture: CaptureSettings = CaptureSettings()
    verification_images: Annotated[int, Field(ge=1, le=50)] = 8


class RollbackSettings(Strict):
    """Everything that the rollback pipeline may be told."""

    reason: Annotated[str, Field(min_length=1)] = "asked for by hand"
    verification_images: Annotated[int, Field(ge=1, le=50)] = 8


class TrafficSettings(Strict):
    """Everything that the traffic pipeline may be told."""

    condition: str = "yaw=frontal"
    requests: Annotated[int, Field(ge=1)] = 60
    corruption: str = ""
    feedback: Annotated[float, Field(ge=0, le=1)] = 1.0
    delay: Annotated[float, Field(ge=0)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("corruption")
    @classmethod
    def _known(cls, name: str) -> str:
        from faces.corruptions import CORRUPTIONS

        return choose("corruption", name, CORRUPTIONS) if name else name


class DriftSettings(Strict):
    """Everything that the drift detection pipeline may be told."""

    window: Annotated[int, Field(ge=1)] | None = None
    threshold: Share = 0.01
    minimum_images: Annotated[int, Field(ge=2)] = 10
    minimum_people: Annotated[int, Field(ge=1)] = 8
    windows: Annotated[int, Field(ge=1)] = 1
    needed: Annotated[int, Field(ge=1)] = 1
    minimum_labels: Annotated[int, Field(ge=1)] = 10
    gate: GateSettings = GateSettings(tolerances=Tolerances(baseline=0.05))
    verification_images: Annotated[int, Field(ge=1, le=50)] = 8


class HistorySettings(Strict):
    """Everything that the history pipeline may be told."""

    page: Annotated[str, Field(min_length=1)] = "history.html"


PIPELINES: dict[str, type[Strict]] = {
    "training": TrainingSettings,
    "deployment": DeploymentSettings,
    "rollback": RollbackSettings,
    "traffic": TrafficSettings,
    "drift_detection": DriftSettings,
    "history": HistorySettings,
}
"""Every pipeline by name; its module in this package and its config have the same name."""

OPTIONS = {
    "model": ("training",),
    "data": ("training",),
    "condition": ("training", "traffic"),
    "seed": ("training", "traffic"),
    "requests": ("traffic",),
    "corruption": ("traffic",),
    "reason": ("rollback",),
    "page": ("history",),
}
"""The command line's options that only some pipelines take."""


def read_settings(pipeline: str, config: Path | None, given: dict[str, Any]) -> Strict:
    """Read a config, put what the command line gave over it, and complete the model's params.

    Raises InputError that names file and key, or the choices.
    """
    kind = PIPELINES[choose("pipeline", pipeline, PIPELINES)]
    path = config or CONFIGS / f"{pipeline}.yaml"
    kept = _read_yaml(path)
    for name, owners in OPTIONS.items():
        if given.get(name) is None:
            continue
        if pipeline not in owners:
            raise InputError(f"--{name} goes with --pipeline {' or '.join(owners)}, not {pipeline}")
        if name != "data":
            kept[name] = given[name]
    if given.get("model") is not None:
        kept.pop("params", None)
    if given.get("data") is not None:
        data = kept.get("data")
        kept["data"] = (data if isinstance(data, dict) else {}) | {"source": given["data"]}
    try:
        settings = kind.model_validate(kept)
    except ValidationError as error:
        loc = error.errors()[0]["loc"]
        asked = len(loc) == 1 and given.get(str(loc[0])) is not None
        raise _explain(f"--{loc[0]}" if asked else str(path), error) from error
    if not isinstance(settings, TrainingSettings):
        return settings
    condition = _check_condition(settings, chosen=given.get("condition") is not None)
    params = _model_params(settings, path)
    return settings.model_copy(update={"condition": condition, "params": params})


def _check_condition(settings: TrainingSettings, chosen: bool) -> str:
    """Check the condition before anything runs, as far as the data is known by then.

    A folder without conditions.csv has no conditions: all its images are baseline, unless the
    command line asked for a condition.
    """
    source = settings.data.source
    known = known_conditions(source)
    if known is not None:
        parse_condition(settings.condition, known)
        return settings.condition
    table = Path(source).expanduser() / "conditions.csv"
    if not table.parent.is_dir():
        raise InputError(f"no folder '{source}': --data takes {', '.join(SOURCES)} or a folder")
    if table.exists():
        return settings.condition
    if chosen:
        raise InputError(f"--condition {settings.condition}: there is no {table}")
    return ""


def _model_params(settings: TrainingSettings, path: Path) -> dict[str, Any]:
    """The model's YAML with `params` over it, checked against the model's `build`."""
    build = model_builder(choose("model", settings.model, model_names()))
    default = CONFIGS / "models" / f"{settings.model}.yaml"
    base = _read_yaml(default)
    checked = validate_call(config=ConfigDict(strict=True))(build)
    for source, params in ((default, base), (path, base | settings.params)):
        try:
            checked(**params)
        except ValidationError as error:
            raise _explain(str(source), error, "params." if source == path else "") from error
    return {**base, **settings.params, "seed": settings.seed}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        kept = yaml.safe_load(path.read_text())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(kept, dict | None):
        raise InputError(f"{path}: expected keys and values, found a {type(kept).__name__}")
    return kept or {}


def _explain(place: str, error: ValidationError, prefix: str = "") -> InputError:
    """The first problem in one line: file or option, key, what is wrong."""
    problem = error.errors()[0]
    key = prefix + ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return InputError(f"{place}: {problem['ctx']['error']}")
    if problem["type"] == "open_host":
        return InputError(f"{place}: {key}.host: {problem['msg']}")
    unknown = problem["type"] in {"extra_forbidden", "unexpected_keyword_argument"}
    what = "unknown key" if unknown else f"{problem['msg']}, not {problem['input']!r}"
    return InputError(f"{place}: {what}" if place == f"--{key}" else f"{place}: {key}: {what}")
