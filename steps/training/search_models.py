"""Search for the best recogniser; each trial is recorded by the tracker and never repeated."""

import hashlib
import time
from dataclasses import asdict
from typing import Annotated

import pandas as pd
from zenml import step

from components.tracking.base import active_tracker
from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams
from faces.models.search import Trial, best_index, cross_validate, sample_trials
from steps.progress import report_progress
from store.code_hash import code_hash
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
    from faces.reports.plots import plot_search

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
    best = _result(results, seed, len(planned), store.reused)
    describe_run("search", asdict(best))
    return Plots({"search": plot_search(results)}), best, _table(results)


def _result(results: Results, seed: int, planned: int, reused: int) -> SearchResult:
    trial, metrics = results[best_index(results)]
    return SearchResult(
        model=trial.model,
        params={**trial.params, "seed": seed},
        accuracy=metrics["accuracy"],
        log_loss=metrics["log_loss"],
        tried=len(results),
        planned=planned,
        reused=reused,
    )


def _table(results: Results) -> pd.DataFrame:
    rows = [{"model": trial.model, "params": str(trial), **m} for trial, m in results]
    return pd.DataFrame(rows)


class TrialStore:
    """The trials of one study, as the tracker records them.

    A study is a data version, the code of the models, the number of folds and the seed.
    """

    def __init__(self, data_version: str, folds: int, seed: int) -> None:
        study = f"{data_version} {code_hash('faces.models.search')} {folds} {seed}"
        self._study = hashlib.sha256(study.encode()).hexdigest()[:16]
        self._tracker = active_tracker()
        self._finished = self._tracker.finished_trials(self._study)
        self.reused = 0

    def get(self, trial: Trial) -> dict[str, float] | None:
        """Return a trial's metrics, None if it was not recorded before.

        Args:
            trial: Recogniser and parameters.
        """
        metrics = self._finished.get(self._key(trial))
        self.reused += metrics is not None
        return metrics

    def put(self, trial: Trial, metrics: dict[str, float]) -> None:
        """Record a finished trial.

        Args:
            trial: Recogniser and parameters.
            metrics: Its cross-validated accuracy (in [0, 1]) and log loss (in nats).
        """
        params: ModelParams = {"model": trial.model, **trial.params}
        self._tracker.log_trial(self._study, self._key(trial), str(trial), params, metrics)

    @staticmethod
    def _key(trial: Trial) -> str:
        return hashlib.sha256(trial.key.encode()).hexdigest()
