"""The trials of a search, as the experiment tracker records them."""

import hashlib
from collections.abc import Mapping

from components.tracking.base import active_tracker
from faces.models import ModelParams
from faces.models.search import Trial
from store.code_hash import code_hash


class TrialStore:
    """The trials of one study.

    A study is a data version, the code of the models, the number of folds and the seed.

    Args:
        data_version: Content hash of the training images.
        folds: Number of folds of the cross-validation.
        seed: Seed of the search.
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

    def put(self, trial: Trial, metrics: Mapping[str, float]) -> None:
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
