"""Measure the model on the baseline test and on the drifted images."""

from dataclasses import asdict
from typing import Annotated

import pandas as pd
from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation.metrics import accuracy_by_condition, confusions, measure, predict_held_out
from faces.models.training import describe_features
from store.caching import cache_on_imports
from store.records import OpenSetResult


@step(cache_policy=cache_on_imports(__name__))
def evaluate_model(
    faces: Faces, split: Split, model: BaseEstimator, open_set: OpenSetResult
) -> tuple[
    Annotated[dict[str, float], "metrics"],
    Annotated[pd.DataFrame, "predictions"],
    Annotated[pd.DataFrame, "accuracy_by_condition"],
    Annotated[pd.DataFrame, "confusions"],
]:
    """Return metrics, the prediction for every held-out image, and summaries of them.

    The open-set calibration is among the metrics, as `open_set_auroc` and so on.
    """
    predictions = predict_held_out(model, faces, split)
    calibration = asdict(open_set.calibration) if open_set.calibration else {}
    rates = {f"open_set_{name}": value for name, value in calibration.items() if value is not None}
    metrics = measure(predictions) | describe_features(model) | rates
    by_condition = accuracy_by_condition(predictions, list(faces.conditions))
    return metrics, predictions, by_condition, confusions(predictions)
