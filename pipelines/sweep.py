"""Search for the best recogniser on the training images; the best goes to the gate."""

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field
from rich.markup import escape
from zenml import pipeline
from zenml.execution.pipeline.dynamic.outputs import StepFuture
from zenml.models import PipelineRunResponse

from components.settings import CommandLine
from faces.errors import UserError
from faces.models import ModelParams
from pipelines.shared.artifact import Artifact
from pipelines.shared.model_settings import model_params
from pipelines.shared.settings import DatasetSettings
from pipelines.shared.summary import outputs_of
from pipelines.shared.train_and_gate import tracker_name, train_and_gate
from pipelines.shared.training_settings import TrainingSettings
from pipelines.shared.training_summary import TrainingSummary
from pipelines.shared.training_summary import summarize as summarize_training
from steps.data.load_faces import load_faces
from steps.data.split_faces import split_faces
from steps.training.evaluate_trial import choose_trial, evaluate_trial, plan_trials
from steps.training.search_models import Spaces, search_models
from store.records import SearchResult, TrialPlan

POLL_SECONDS = 0.1
"""How often it is checked whether a trial has finished, so that the next one can start."""


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
    parallel: Annotated[int, CommandLine(metavar="N")] = Field(
        default=1, ge=1, description="trials at a time, each as a separate step; 1: in one step"
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
    2. Search, on the training images only; the tracker records each trial. With `parallel`, each
       trial is a separate step: a process on this machine, or a separate job on Vertex AI.
    3. Train, evaluate, register and promote the best as training does.

    Args:
        settings: Data, split and gate as for training; values to try, and limits of the search.
    """
    data = settings.data
    faces = load_faces(data.source, data.people, data.images, data.seed, data.crop, data.enrolled)
    split = split_faces(faces, settings.condition, settings.test_share, settings.seed)
    search = search_in_parallel if settings.parallel > 1 else search_in_turn
    result: SearchResult = search(faces, split, settings).load()
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


def search_in_turn(faces: Artifact, split: Artifact, settings: SweepSettings) -> Artifact:
    """Wire one step that runs all trials.

    Args:
        faces: The data.
        split: Its split.
        settings: The settings of the sweep.

    Returns:
        The artifact of the best trial.
    """
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
    return best


def search_in_parallel(faces: Artifact, split: Artifact, settings: SweepSettings) -> Artifact:
    """Wire a step for each trial, `parallel` of them at a time, until the time is over.

    Args:
        faces: The data.
        split: Its split.
        settings: The settings of the sweep.

    Returns:
        The artifact of the best trial.
    """
    deadline = time.monotonic() + 60 * settings.minutes
    tracker = tracker_name()
    fixed: dict[str, Any] = {"folds": settings.folds, "seed": settings.seed}
    artifact = plan_trials.with_options(experiment_tracker=tracker)(
        faces, split, settings.spaces, settings.defaults, settings.trials, **fixed
    )
    plan: TrialPlan = artifact.load()
    started: list[StepFuture] = []
    for model, params, metrics in zip(plan.models, plan.params, plan.metrics, strict=True):
        if metrics is not None:
            continue
        while sum(trial.running() for trial in started) >= settings.parallel:
            time.sleep(POLL_SECONDS)
        if (started or any(plan.metrics)) and time.monotonic() > deadline:
            break
        started.append(evaluate_trial.submit(faces, split, model, params, **fixed))
    _, best, _ = choose_trial.with_options(experiment_tracker=tracker)(
        faces, split, artifact, started, **fixed
    )
    return best


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
