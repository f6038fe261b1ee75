"""Train a recogniser on some conditions, and promote it if it passes the gate."""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, field_validator
from rich.markup import escape
from zenml import pipeline
from zenml.constants import ENV_ZENML_DYNAMIC_PIPELINE_WORKER_COUNT
from zenml.enums import ModelStages
from zenml.models import PipelineRunResponse
from zenml.pipelines.pipeline_definition import Pipeline

from components.settings import CommandLine, Settings
from faces.data.conditions import AUTO_CONDITION, DEFAULT_BASELINE, write_condition
from faces.data.sources import AUTO, credit, is_synthetic
from faces.data.split import ALL_IMAGES
from faces.drift.detectors import detector_names
from faces.errors import UserError, require_choice
from faces.models import ModelParams
from faces.models.quantization import NONE, QUANTIZATIONS
from pipelines.shared.model_settings import model_params
from pipelines.shared.settings import DatasetSettings
from pipelines.shared.summary import (
    Metrics,
    RunInfo,
    Summary,
    accuracy_row,
    outputs_of,
    shorten,
    skipped_row,
)
from pipelines.shared.train_and_gate import train_and_gate
from steps.data.load_faces import load_faces
from steps.data.split_faces import split_faces
from store.data_versions import is_data_version, read_skipped
from store.records import Promotion

SHARDED_MODEL = "fisher"
"""The recogniser that can be trained on shards."""


class TrainingSettings(DatasetSettings):
    """Settings of the training pipeline."""

    model: Annotated[str, CommandLine(metavar="NAME")] = Field(
        default="svm", description="recogniser: a module of faces/models/recognisers"
    )
    params: ModelParams = Field(
        default_factory=dict, description="parameters that differ from the recogniser's defaults"
    )
    drift_detector: Annotated[str, CommandLine("detector", "NAME")] = Field(
        default="moments", description="drift detector that is fitted for the version"
    )
    quantization: Annotated[str, CommandLine(metavar="Q")] = Field(
        default=NONE,
        description="how the model's file stores the weights: none (float32), float16 or int8; "
        "less is quantized if answers or confidence would change",
    )
    shards: Annotated[int, CommandLine(metavar="N")] = Field(
        default=0,
        ge=0,
        description="train fisher on N shards of the data, each in a separate job or process; 0: "
        "on one machine",
    )

    @field_validator("quantization")
    @classmethod
    def _check_quantization(cls, name: str) -> str:
        return require_choice("quantization", name, QUANTIZATIONS)

    @field_validator("drift_detector")
    @classmethod
    def _check_detector(cls, name: str) -> str:
        return require_choice("drift detector", name, detector_names())

    def complete(self, config: str) -> Self:
        """Check condition and parameters; fill in the recogniser's defaults. See Settings."""
        if self.shards:
            self._check_shards()
            settings = self
        else:
            settings = super().complete(config)
        params = model_params(self.model, self.params, config)
        return settings.model_copy(update={"params": {**params, "seed": self.seed}})

    def _check_shards(self) -> None:
        if self.model != SHARDED_MODEL:
            raise UserError(
                f"--shards {self.shards}: only {SHARDED_MODEL} can be trained on shards, not "
                f"{self.model}: add --model {SHARDED_MODEL}"
            )
        if is_synthetic(self.data.source) and self.shards > self.data.people:
            raise UserError(
                f"--shards {self.shards}: there are {self.data.people} people: choose --shards "
                f"{self.data.people}, or set data.people"
            )
        if self.data.enrolled or is_data_version(self.data.source):
            raise UserError(
                f"--shards {self.shards}: shards are read from --data only, which is a source, a "
                "folder or gs://…: leave out --enrolled and version:ID"
            )


SETTINGS = TrainingSettings


def choose_pipeline(settings: TrainingSettings) -> Pipeline:
    """Return the pipeline for one machine, or the one that is mapped over shards.

    Args:
        settings: The settings of the run.
    """
    if not settings.shards:
        return training
    from pipelines.shared.sharded_training import sharded_training

    # More shards at a time than processors would only cost memory.
    os.environ.setdefault(ENV_ZENML_DYNAMIC_PIPELINE_WORKER_COUNT, str(max(2, os.cpu_count() or 2)))
    return sharded_training


@pipeline(name="training")
def training(settings: TrainingSettings) -> None:
    """Train a recogniser on some conditions and evaluate it on all.

    1. Load the faces.
    2. Split them by condition: training, baseline test, drifted.
    3. Fit the features (PCA, for most recognisers), then the classifier.
    4. Fit the rejection threshold and the drift detector; export the portable model.
    5. Evaluate on the baseline test and on the drifted images; plot, and write the model card.
    6. Record the model with the tracker, and as a version in ZenML.
    7. Promote it, if it passes the gate.

    Args:
        settings: Data, split, recogniser with its parameters, drift detector and gate.
    """
    data = settings.data
    faces = load_faces(data.source, data.people, data.images, data.seed, data.crop, data.enrolled)
    split = split_faces(faces, settings.condition, settings.test_share, settings.seed)
    train_and_gate(
        faces,
        split,
        model=settings.model,
        params=settings.params,
        detector=settings.drift_detector,
        quantization=settings.quantization,
        gate=settings.gate,
        removed=settings.removed,
        settings=settings.model_dump(mode="json"),
    )


class DataSummary(BaseModel):
    """The data of a training run."""

    source: str
    requested: str = Field(default="", description="the source that was asked for, such as auto")
    version: str
    identities: int
    condition: str
    requested_condition: str = Field(default="", description="the setting, such as auto")
    train: int
    test: int
    drifted: int
    left_out: list[str] = Field(description="people with too few images to be enrolled")
    skipped: list[str] = Field(
        default_factory=list, description="files of a folder that were not used, with the reasons"
    )


class TrainingSummary(Summary):
    """Summary of a training run. Metrics that do not apply are missing or null."""

    pipeline: Literal["training"] = "training"
    data: DataSummary
    metrics: Metrics
    model: Promotion
    quantization: str = Field(default=NONE, description="how the model's file stores the weights")
    requested_quantization: str = Field(default=NONE, description="the setting")

    def finish(self, settings: Settings) -> Self:
        """Add which data source, condition and quantization were requested. See Summary."""
        assert isinstance(settings, DatasetSettings)
        requested = {
            "requested": settings.data.source,
            "requested_condition": settings.condition,
        }
        update: dict[str, object] = {"data": self.data.model_copy(update=requested)}
        if isinstance(settings, TrainingSettings):
            update["requested_quantization"] = settings.quantization
        return self.model_copy(update=update)

    def notice(self) -> str:
        """Return a warning if the faces are synthetic, or if no condition was set. See Summary."""
        if is_synthetic(self.data.source):
            return self._synthetic_notice()
        if (self.data.requested_condition, self.data.condition) == (AUTO_CONDITION, ALL_IMAGES):
            missing = write_condition(DEFAULT_BASELINE)
            return (
                f"[yellow]No image is marked {missing}, so all images are baseline: a share of "
                "each person's images is the test, and none are drifted.[/]"
            )
        return ""

    def _synthetic_notice(self) -> str:
        unavailable = "The Olivetti faces are neither cached nor can they be downloaded. "
        return (
            "[bold black on yellow] SYNTHETIC FACES [/] [yellow]"
            f"{unavailable if self.data.requested == AUTO else ''}"
            "These people do not exist: the figures below say nothing about real faces.[/]"
        )

    def rows(self) -> Mapping[str, str]:
        """Return data, people, features, accuracy, and the version with its stage. See Summary."""
        data, model, metrics = self.data, self.model, self.metrics
        left_out = f", too few images: {shorten(data.left_out)}" if data.left_out else ""
        colour = "green" if model.promoted else "yellow"
        return {
            "data": f"{credit(data.source)} [dim](version {data.version})[/]",
            "people": f"{data.identities - len(data.left_out)} of {data.identities}"
            f"[yellow]{left_out}[/]",
            "images": f"{data.train} training, {data.test} test, {data.drifted} drifted "
            f"[dim](baseline: {escape(data.condition)})[/]",
            **skipped_row(data.skipped),
            **pca_row(metrics),
            "baseline accuracy": accuracy_row(metrics, "baseline"),
            "drifted accuracy": accuracy_row(metrics, "drifted"),
            "unknown people": open_set_row(metrics),
            "model": f"{model.name} version {model.version}, stage {model.stage}",
            **self._weights_row(),
            "gate": f"[{colour}]{escape(model.reason)}[/]",
            "run": self.run_row(),
        }

    def _weights_row(self) -> Mapping[str, str]:
        wanted, used = self.requested_quantization, self.quantization
        if wanted == used:
            return {} if used == NONE else {"weights": f"stored as {used}"}
        stored = "not quantized" if used == NONE else f"stored as {used}"
        return {"weights": f"[yellow]{stored}[/]: {wanted} changes answers on held-out images"}

    def next_steps(self) -> Sequence[str]:
        """Return what to do with the version, depending on the gate's decision. See Summary."""
        tracker = f"[bold]{escape(self.run.tracker)}[/]" if self.run.tracker else None
        if self.model.stage == ModelStages.PRODUCTION:
            steps = [
                "[bold]make dashboard[/] for the run and its plots",
                "[bold]python run.py --pipeline deployment[/] to serve the model",
            ]
            return [*steps, tracker] if tracker else steps
        return [
            "production stays as it is (the gate's reason is above), and version "
            f"{self.model.version} is kept",
            "[bold]make dashboard[/] for its plots, beside those of earlier runs",
            *([f"{tracker} to compare its metrics with theirs"] if tracker else []),
            "[bold]python run.py --pipeline sweep[/] to search for a better model",
        ]


def pca_row(metrics: Metrics) -> Mapping[str, str]:
    """Describe the PCA, if the recogniser has one.

    Args:
        metrics: Metrics by name.

    Returns:
        Number of components and explained variance, by title of the row; {} without a PCA.
    """
    if "pca_components" not in metrics:
        return {}
    components, variance = metrics["pca_components"], metrics["pca_variance"]
    return {"PCA": f"{components:.0f} components, {variance:.1%} of the variance"}


def open_set_row(metrics: Metrics) -> str:
    """Describe how well unknown people are rejected.

    Args:
        metrics: Metrics by name.

    Returns:
        Rates of rejection and the AUROC, or why there is no rejection, as markup.
    """
    auroc = metrics.get("open_set_auroc")
    if auroc is None:
        return "[dim]too few people to measure[/]"
    if metrics.get("open_set_rejection_threshold") is None:
        return (
            f"not rejected [dim](AUROC {auroc:.3f}: this model cannot separate them "
            "from known people)[/]"
        )
    rejected = 1 - (metrics["open_set_false_accept_rate"] or 0.0)
    mistaken = 1 - (metrics["open_set_true_accept_rate"] or 0.0)
    return (
        f"{rejected:.1%} of their images rejected, {mistaken:.1%} of known people's "
        f"[dim](AUROC {auroc:.3f})[/]"
    )


def summarize(run: PipelineRunResponse) -> TrainingSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        Data, metrics, and the version with the gate's decision.
    """
    outputs = outputs_of(run)
    data, split = outputs["faces"].run_metadata, outputs["split"].run_metadata
    names = ("condition", "train", "test", "drifted")
    return TrainingSummary(
        run=RunInfo.of(run),
        data=DataSummary.model_validate(
            {name: data[name] for name in ("source", "version", "identities")}
            | {name: split[name] for name in names}
            | {"skipped": read_skipped(outputs["faces"])}
            | {"left_out": list(outputs["split"].load().left_out) if split["left_out"] else []}
        ),
        metrics={"baseline_accuracy": None, "drifted_accuracy": None} | outputs["metrics"].load(),
        model=outputs["promotion"].load(),
        quantization=str(outputs["portable"].run_metadata.get("quantization", NONE)),
    )
