"""What each pipeline may be told: strict, frozen settings."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from components.deployers.settings import ServingSettings
from components.settings import Settings
from faces.errors import require_choice

Share = Annotated[float, Field(gt=0, lt=1)]


class DataSettings(Settings):
    """Where the faces come from; people, images and seed are of synthetic faces."""

    source: str = "auto"
    people: Annotated[int, Field(ge=2)] = 40
    images: Annotated[int, Field(ge=1)] = 10
    seed: Annotated[int, Field(ge=0)] = 0


class Tolerances(Settings):
    """How much accuracy a candidate may lose against production, by part of the held-out images."""

    baseline: Annotated[float, Field(ge=0, le=1)] = 0.02
    drifted: Annotated[float, Field(ge=0, le=1)] = 0.02


class GateSettings(Settings):
    """What a candidate must stand, and on how many images at least."""

    tolerances: Tolerances = Tolerances()
    minimum_images: Annotated[int, Field(ge=1)] = 20


class TrainingSettings(Settings):
    """Everything that the training pipeline may be told. `params` are those of the model."""

    data: DataSettings = DataSettings()
    condition: str = "yaw=frontal"
    test_share: Share = 0.25
    model: str = "svm"
    params: dict[str, Any] = {}
    gate: GateSettings = GateSettings()
    seed: Annotated[int, Field(ge=0)] = 11


class DeploymentSettings(ServingSettings):
    """Everything that the deployment pipeline may be told."""

    verification_images: Annotated[int, Field(ge=1, le=50)] = 8


class RollbackSettings(Settings):
    """Everything that the rollback pipeline may be told."""

    reason: Annotated[str, Field(min_length=1)] = "asked for by hand"
    verification_images: Annotated[int, Field(ge=1, le=50)] = 8


class TrafficSettings(Settings):
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
        from faces.data.corruptions import CORRUPTIONS

        return require_choice("corruption", name, CORRUPTIONS) if name else name


class DriftSettings(Settings):
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


class SweepSettings(Settings):
    """Everything that the sweep may be told.

    `spaces` are values to try by model and parameter; `defaults`, the parameters of each model's
    own file, are filled in from there. It ends after so many `trials` or `minutes`.
    """

    data: DataSettings = DataSettings()
    condition: str = "yaw=frontal"
    test_share: Share = 0.25
    spaces: Annotated[dict[str, dict[str, list[Any]]], Field(min_length=1)]
    defaults: dict[str, dict[str, Any]] = {}
    trials: Annotated[int, Field(ge=1)] = 40
    minutes: Annotated[float, Field(gt=0, strict=False)] = 10
    folds: Annotated[int, Field(ge=2)] = 3
    gate: GateSettings = GateSettings()
    seed: Annotated[int, Field(ge=0)] = 11


class HistorySettings(Settings):
    """Everything that the history pipeline may be told."""

    page: Annotated[str, Field(min_length=1)] = "history.html"


PIPELINES: dict[str, type[Settings]] = {
    "training": TrainingSettings,
    "sweep": SweepSettings,
    "deployment": DeploymentSettings,
    "rollback": RollbackSettings,
    "traffic": TrafficSettings,
    "drift_detection": DriftSettings,
    "history": HistorySettings,
}
"""Every pipeline by name; its module in this package and its config have the same name."""
