"""Trials of a search as separate steps, which run at the same time or as separate jobs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import pandas as pd
from zenml import get_step_context, step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams
from faces.models.search import Trial, cross_validate_images, sample_trials
from faces.processes import run_on_images
from steps.sharded.resources import RETRY, SHARD
from steps.training.search_models import Results, Spaces, conclude
from steps.training.trial_store import TrialStore
from store.caching import cache_on_imports
from store.materializers import PLOTS, RECORD
from store.materializers.documents import Plots
from store.records import SearchResult, TrialPlan, TrialResult
from store.run_metadata import describe_run


@step(enable_cache=False, output_materializers={"plan": RECORD})
def plan_trials(
    faces: Faces,
    split: Split,
    spaces: Spaces,
    defaults: dict[str, ModelParams],
    trials: int,
    folds: int,
    seed: int,
) -> Annotated[TrialPlan, "plan"]:
    """Choose the trials, and look up which of them the tracker has.

    Args:
        faces: The data.
        split: Its split.
        spaces: Values to try, by recogniser and parameter.
        defaults: Parameters of each recogniser that are not searched.
        trials: Maximum number of trials.
        folds: Number of folds of the cross-validation.
        seed: Seed of the choice of trials, the folds and the recognisers.

    Returns:
        The trials in their order, and the metrics of those that are finished.
    """
    planned = sample_trials(spaces, defaults, trials, seed)
    store = TrialStore(faces[split.train].version, folds, seed)
    return TrialPlan(
        models=tuple(trial.model for trial in planned),
        params=tuple(dict(trial.params) for trial in planned),
        metrics=tuple(store.get(trial) for trial in planned),
    )


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"trial": RECORD},
    settings=SHARD,
    retry=RETRY,
)
def evaluate_trial(
    faces: Faces, split: Split, model: str, params: ModelParams, folds: int, seed: int
) -> Annotated[TrialResult, "trial"]:
    """Cross-validate one trial on the training images.

    Args:
        faces: The data.
        split: Its split.
        model: Name of the recogniser.
        params: Its parameters without the seed.
        folds: Number of folds.
        seed: Seed of the folds and the recogniser.

    Returns:
        The trial's metrics, and the run that computed them.
    """
    metrics = run_on_images(
        cross_validate_images,
        faces.images,
        split.train,
        Trial(model, params),
        faces.labels[split.train],
        folds=folds,
        seed=seed,
    )
    return TrialResult(model, params, metrics, get_step_context().pipeline_run.name)


@step(enable_cache=False, output_materializers={"search": PLOTS, "best": RECORD})
def choose_trial(
    faces: Faces, split: Split, plan: TrialPlan, finished: list[TrialResult], folds: int, seed: int
) -> tuple[
    Annotated[Plots, "search"],
    Annotated[SearchResult, "best"],
    Annotated[pd.DataFrame, "trials"],
]:
    """Record the trials with the tracker, and choose the best.

    Args:
        faces: The data.
        split: Its split.
        plan: The trials that were planned.
        finished: Those that were not recorded before.
        folds: Number of folds.
        seed: Seed of the search.

    Returns:
        As of `search_models`.
    """
    run = get_step_context().pipeline_run.name
    store = TrialStore(faces[split.train].version, folds, seed)
    for result in finished:
        store.put(Trial(result.model, result.params), result.metrics)
    results = in_order(plan, finished)
    reused = len(results) - sum(result.run == run for result in finished)
    plots, best, table = conclude(results, seed, len(plan.models), reused)
    describe_run("search", asdict(best))
    return plots, best, table


def in_order(plan: TrialPlan, finished: Sequence[TrialResult]) -> Results:
    """Return the trials that have metrics, in the order in which they were planned.

    Args:
        plan: The trials that were planned, with the metrics of those that were finished before.
        finished: The results of the others, or of some of them.
    """
    metrics = {Trial(result.model, result.params).key: result.metrics for result in finished}
    trials = [Trial(*trial) for trial in zip(plan.models, plan.params, strict=True)]
    known = zip(trials, plan.metrics, strict=True)
    every = ((trial, before or metrics.get(trial.key)) for trial, before in known)
    return [(trial, found) for trial, found in every if found is not None]
