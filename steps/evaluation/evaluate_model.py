"""Measure the model on the baseline test and on the drifted images."""

from typing import Annotated

import pandas as pd
from sklearn.base import BaseEstimator
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation.metrics import accuracy_by_condition, confusions, measure, predict_held_out
from faces.models.training import describe_features
from store.caching import CACHED


@step(cache_policy=CACHED)
def evaluate_model(
    faces: Faces, split: Split, model: BaseEstimator, strangers: dict[str, float | None]
) -> tuple[
    Annotated[dict[str, float], "metrics"],
    Annotated[pd.DataFrame, "predictions"],
    Annotated[pd.DataFrame, "accuracy_by_condition"],
    Annotated[pd.DataFrame, "confusions"],
]:
    """Metrics, the model's answer for every held-out image, and what the answers add up to.

    What is known of strangers is told among the metrics, as `open_set_auroc` and so on.
    """
    predictions = predict_held_out(model, faces, split)
    told = {f"open_set_{name}": value for name, value in strangers.items() if value is not None}
    metrics = measure(predictions) | describe_features(model) | told
    by_condition = accuracy_by_condition(predictions, list(faces.conditions))
    return metrics, predictions, by_condition, confusions(predictions)
