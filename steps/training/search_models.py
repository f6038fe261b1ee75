"""Search for the best model; each trial is a run in MLflow, and none is made twice."""

import hashlib
import time
from typing import Annotated, Any

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models.search import Trial, best_index, cross_validate, sample_trials
from steps.progress import report_progress
from store.caching import code_hash
from store.materializers import Pictures, PicturesMaterializer


@step(enable_cache=False, output_materializers={"search": PicturesMaterializer})
def search_models(
    faces: Faces,
    split: Split,
    spaces: dict[str, dict[str, list[Any]]],
    defaults: dict[str, dict[str, Any]],
    trials: int,
    minutes: float,
    folds: int,
    seed: int,
) -> tuple[
    Annotated[Pictures, "search"],
    Annotated[dict[str, Any], "best"],
    Annotated[pd.DataFrame, "trials"],
]:
    """Cross-validate on the training images, until there are enough trials or no time is left.

    What a run that was killed had tried on the same data, with the same code, counts. (Dynamic
    pipelines get the outputs that have a materializer first: they stand first here, too.)
    """
    train = faces[split.train]
    planned = sample_trials(spaces, defaults, trials, seed)
    study = f"{train.version} {code_hash()} {folds} {seed}"
    memory = TrialStore(hashlib.sha256(study.encode()).hexdigest()[:16])
    ends = time.monotonic() + 60 * minutes
    found: list[tuple[Trial, dict[str, float]]] = []
    for number, trial in enumerate(planned):
        report_progress("searching", number, len(planned), trial.model)
        figures = memory.get(trial)
        if figures is None:
            if found and time.monotonic() > ends:
                break
            figures = cross_validate(trial, train.pixels, train.labels, folds=folds, seed=seed)
            memory.put(trial, figures)
        found.append((trial, figures))
    table = pd.DataFrame(
        [{"model": trial.model, "params": str(trial), **figures} for trial, figures in found]
    )
    trial, figures = found[best_index(found)]
    best = {
        "model": trial.model,
        "params": {**trial.params, "seed": seed},
        **figures,
        "tried": len(found),
        "planned": len(planned),
        "recalled": memory.reused,
    }
    from faces.reports.plots import plot_search

    return Pictures({"search": plot_search(found)}), best, table


class TrialStore:
    """The trials of a study, as runs within the step's own run in MLflow."""

    def __init__(self, study: str) -> None:
        import mlflow

        run = mlflow.active_run()
        assert run is not None
        self.study, self.reused = study, 0
        former = mlflow.MlflowClient().search_runs(
            [run.info.experiment_id],
            f"tags.study = '{study}' and attributes.status = 'FINISHED'",
            max_results=5000,
        )
        self.known = {made.data.tags["trial"]: dict(made.data.metrics) for made in former}

    def get(self, trial: Trial) -> dict[str, float] | None:
        """What came of a trial, if it was made before."""
        figures = self.known.get(self._name(trial))
        self.reused += figures is not None
        return figures

    def put(self, trial: Trial, figures: dict[str, float]) -> None:
        """Write a trial down, once it is finished."""
        import mlflow

        with mlflow.start_run(run_name=str(trial)[:200], nested=True):
            mlflow.log_params({"model": trial.model, **trial.params})
            mlflow.log_metrics(figures)
            mlflow.set_tags({"study": self.study, "trial": self._name(trial)})

    @staticmethod
    def _name(trial: Trial) -> str:
        return hashlib.sha256(trial.key.encode()).hexdigest()
