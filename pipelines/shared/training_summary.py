"""Summary of a training."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import BaseModel, Field
from rich.markup import escape
from zenml.enums import ModelStages
from zenml.models import PipelineRunResponse

from components.settings import Settings
from faces.data.conditions import AUTO_CONDITION, DEFAULT_BASELINE, write_condition
from faces.data.sources import AUTO, credit, is_synthetic
from faces.data.split import ALL_IMAGES
from faces.models.quantization import NONE
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
from pipelines.shared.training_settings import TrainingSettings
from store.data_versions import read_skipped
from store.records import Promotion


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
