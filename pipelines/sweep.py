"""Search for the best recogniser on the training images; the best goes to the gate."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field
from rich.markup import escape
from zenml import pipeline
from zenml.models import PipelineRunResponse

from components.settings import CommandLine
from faces.errors import UserError
from faces.models import ModelParams
from pipelines.shared.model_settings import model_params
from pipelines.shared.settings import DatasetSettings
from pipelines.shared.summary import outputs_of
from pipelines.shared.train_and_gate import tracker_name, train_and_gate
from pipelines.shared.training_settings import TrainingSettings
from pipelines.shared.training_summary import TrainingSummary
from pipelines.shared.training_summary import summarize as summarize_training
from steps.data.load_faces import load_faces
from steps.data.split_faces import split_faces
from steps.training.search_models import Spaces, search_models
from store.records import SearchResult


class SweepSettings(DatasetSettings):
    """Settings of the sweep, which ends after `trials` trials or `minutes` minutes."""

    spaces: Spaces = Field(min_length=1, description="values to try, by recogniser and parameter")
    defaults: dict[str, ModelParams] = Field(
        default_factory=dict, description="filled in: the recognisers' own parameters"
    )
    trials: Annotated[int, CommandLine(metavar="N")] = Field(
        default=40, ge=1, description="maximum number of trials"
    )
    minutes: Annotated[float, CommandLine(metavar="M"), Field(gt=0, strict=False)] = Field(
        default=10, description="maximum duration; the same command continues an interrupted sweep"
    )
    folds: int = Field(default=3, ge=2, description="folds of the cross-validation")

    def complete(self, config: str) -> Self:
        """Check condition and values to try; fill in the recognisers' parameters. See Settings."""
        settings = super().complete(config)
        for name, space in self.spaces.items():
            for parameter, values in space.items():
                if not values:
                    raise UserError(f"{config}: spaces.{name}.{parameter}: no values to try")
                for value in values:
                    model_params(name, {parameter: value}, config, f"spaces.{name}")
        defaults = {name: model_params(name, {}, config) for name in self.spaces}
        return settings.model_copy(update={"defaults": defaults})


SETTINGS = SweepSettings


@pipeline(name="sweep", dynamic=True)
def sweep(settings: SweepSettings) -> None:
    """Try recognisers and their parameters by cross-validation, and train the best.

    1. Load the faces and split them, as training does.
    2. Search, on the training images only; the tracker records each trial.
    3. Train, evaluate, register and promote the best as training does.

    Args:
        settings: Data, split and gate as for training; values to try, and limits of the search.
    """
    data = settings.data
    faces = load_faces(data.source, data.people, data.images, data.seed, data.crop, data.enrolled)
    split = split_faces(faces, settings.condition, settings.test_share, settings.seed)
    _, best, _ = search_models.with_options(experiment_tracker=tracker_name())(
        faces,
        split,
        spaces=settings.spaces,
        defaults=settings.defaults,
        trials=settings.trials,
        minutes=settings.minutes,
        folds=settings.folds,
        seed=settings.seed,
    )
    result: SearchResult = best.load()
    chosen = TrainingSettings(
        **settings.model_copy().model_dump(include=set(DatasetSettings.model_fields)),
        model=result.model,
        params=result.params,
    )
    train_and_gate(
        faces,
        split,
        model=chosen.model,
        params=chosen.params,
        detector=chosen.drift_detector,
        quantization=chosen.quantization,
        gate=settings.gate,
        removed=settings.removed,
        settings=chosen.model_dump(mode="json"),
    )


class SweepSummary(TrainingSummary):
    """Summary of a sweep: of the search, and of the training of the best recogniser."""

    pipeline: Literal["sweep"] = "sweep"  # type: ignore[assignment]
    sweep: SearchResult

    def rows(self) -> Mapping[str, str]:
        """Return what was tried and what was best, then the training. See Summary."""
        search = self.sweep
        skipped = search.planned - search.tried
        params = ", ".join(f"{name} {value}" for name, value in search.params.items())
        return {
            "tried": f"{search.tried} of {search.planned}"
            + (f", {skipped} skipped (out of time)" if skipped else "")
            + (f" [dim]({search.reused} of them by an earlier run)[/]" if search.reused else ""),
            "best": f"[green]{search.model}[/] [dim]({escape(params)})[/]",
            "cross-validated": f"accuracy {search.accuracy:.3f}, log loss {search.log_loss:.3f}",
            **super().rows(),
        }


def summarize(run: PipelineRunResponse) -> SweepSummary:
    """Summarize a finished run.

    Args:
        run: A run that succeeded.

    Returns:
        The result of the search, and of training the best recogniser.
    """
    training = summarize_training(run)
    return SweepSummary(
        run=training.run,
        data=training.data,
        metrics=training.metrics,
        model=training.model,
        sweep=outputs_of(run)["best"].load(),
    )
