from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.models import ModelParams
from faces.models.search import Trial, best_index, cross_validate, sample_trials
from faces.models.training import fit_classifier

SPACES: dict[str, dict[str, list[bool | int | float | str]]] = {
    "svm": {"components": [10, 20], "C": [0.1, 1.0]},
    "logistic": {"components": [10, 20]},
}
DEFAULTS: dict[str, ModelParams] = {
    "svm": {"components": 20, "C": 1.0},
    "logistic": {"components": 15},
}


def test_defaults_are_tried_first_and_no_trial_is_repeated() -> None:
    trials = sample_trials(SPACES, DEFAULTS, 50, seed=3)
    assert [trial.model for trial in trials[:2]] == ["svm", "logistic"]
    assert [trial.params for trial in trials[:2]] == list(DEFAULTS.values())
    assert len({trial.key for trial in trials}) == len(trials) == 4 + 3
    assert sample_trials(SPACES, DEFAULTS, 50, seed=3) == trials
    assert sample_trials(SPACES, DEFAULTS, 3, seed=3) == trials[:3]


def test_cross_validation_never_predicts_training_images(
    drawn: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicted: list[bytes] = []

    def spied(model: Any, features: Any, pixels: np.ndarray, labels: np.ndarray) -> Any:
        fitted = fit_classifier(model, features, pixels, labels)
        trained = {row.tobytes() for row in pixels}
        predict = fitted.predict_proba

        def predict_proba(rows: np.ndarray) -> np.ndarray:
            own = {row.tobytes() for row in rows}
            assert not own & trained
            predicted.extend(own)
            return np.asarray(predict(rows))

        fitted.predict_proba = predict_proba
        return fitted

    monkeypatch.setattr("faces.models.search.fit_classifier", spied)
    trial = Trial("logistic", {"components": 20})
    metrics = cross_validate(trial, drawn.pixels, drawn.labels, folds=3, seed=0)
    assert len(predicted) == len(drawn)
    assert 0.3 < metrics["accuracy"] <= 1
    assert metrics["log_loss"] > 0


def test_of_equally_accurate_trials_the_one_with_the_smallest_log_loss_is_best() -> None:
    metrics: list[Mapping[str, float]] = [
        {"accuracy": 0.9, "log_loss": 0.1},
        {"accuracy": 0.95, "log_loss": 0.5},
        {"accuracy": 0.95, "log_loss": 0.3},
    ]
    results = [(Trial("svm", {"C": float(n)}), m) for n, m in enumerate(metrics)]
    assert best_index(results) == 2
