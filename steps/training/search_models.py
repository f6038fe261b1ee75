"""Search for the best recogniser; each trial is recorded by the tracker and never repeated."""

import time
from dataclasses import asdict
from typing import Annotated

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams
from faces.models.search import Trial, best_index, cross_validate, sample_trials
from steps.progress import report_progress
from steps.training.trial_store import TrialStore
from store.materializers import PLOTS, RECORD
from store.materializers.documents import Plots
from store.records import SearchResult
from store.run_metadata import describe_run

Spaces = dict[str, dict[str, list[bool | int | float | str]]]
Results = list[tuple[Trial, dict[str, float]]]


@step(
    enable_cache=False,
    output_materializers={"search": PLOTS, "best": RECORD},
)
def search_models(
    faces: Faces,
    split: Split,
    spaces: Spaces,
    defaults: dict[str, ModelParams],
    trials: int,
    minutes: float,
    folds: int,
    seed: int,
) -> tuple[
    Annotated[Plots, "search"],
    Annotated[SearchResult, "best"],
    Annotated[pd.DataFrame, "trials"],
]:
    """Search for the best recogniser by cross-validation on the training images.

    Trials that an interrupted run recorded on the same data, with the same code, are reused.

    Args:
        faces: The data.
        split: Its split.
        spaces: Values to try, by recogniser and parameter.
        defaults: Parameters of each recogniser that are not searched.
        trials: Maximum number of trials.
        minutes: Maximum duration; at least one trial is finished.
        folds: Number of folds of the cross-validation.
        seed: Seed of the choice of trials, the folds and the recognisers.

    Returns:
        A plot of the trials; the best trial; and one row per trial with its metrics.
    """
    train = faces[split.train]
    planned = sample_trials(spaces, defaults, trials, seed)
    store = TrialStore(train.version, folds, seed)
    deadline = time.monotonic() + 60 * minutes
    results: Results = []
    for number, trial in enumerate(planned):
        report_progress("searching", number, len(planned), trial.model)
        metrics = store.get(trial)
        if metrics is None:
            if results and time.monotonic() > deadline:
                break
            metrics = cross_validate(trial, train.pixels, train.labels, folds=folds, seed=seed)
            store.put(trial, metrics)
        results.append((trial, metrics))
    plots, best, table = conclude(results, seed, len(planned), store.reused)
    describe_run("search", asdict(best))
    return plots, best, table


def conclude(
    results: Results, seed: int, planned: int, reused: int
) -> tuple[Plots, SearchResult, pd.DataFrame]:
    """Choose the best trial, and describe the search.

    Args:
        results: The finished trials with their metrics, at least one.
        seed: Seed of the search.
        planned: Number of trials that were planned.
        reused: Number of trials that an earlier run finished.

    Returns:
        A plot of the trials; the best trial; and one row per trial with its metrics.
    """
    from faces.reports.plots import plot_search

    trial, metrics = results[best_index(results)]
    best = SearchResult(
        model=trial.model,
        params={**trial.params, "seed": seed},
        accuracy=metrics["accuracy"],
        log_loss=metrics["log_loss"],
        tried=len(results),
        planned=planned,
        reused=reused,
    )
    return Plots({"search": plot_search(results)}), best, _table(results)


def _table(results: Results) -> pd.DataFrame:
    rows = [{"model": trial.model, "params": str(trial), **m} for trial, m in results]
    return pd.DataFrame(rows)
