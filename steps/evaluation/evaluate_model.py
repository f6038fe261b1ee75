"""Evaluate the model on the baseline test and on the drifted images."""

from dataclasses import asdict
from typing import Annotated

import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation.metrics import accuracy_by_condition, confusions, measure, predict_held_out
from faces.models.protocol import Estimator
from faces.runtime.portable import PortableModel
from store.caching import cache_on_imports
from store.records import OpenSetResult


@step(cache_policy=cache_on_imports(__name__))
def evaluate_model(
    faces: Faces,
    split: Split,
    features: Estimator,
    portable: PortableModel,
    open_set: OpenSetResult,
) -> tuple[
    Annotated[dict[str, float], "metrics"],
    Annotated[pd.DataFrame, "predictions"],
    Annotated[pd.DataFrame, "accuracy_by_condition"],
    Annotated[pd.DataFrame, "confusions"],
]:
    """Evaluate the model on the baseline test and on the drifted images.

    Args:
        faces: The data.
        split: Its split; only held-out images are evaluated.
        features: The fitted feature steps, which are described by two metrics.
        portable: The exported model, which is what endpoints serve.
        open_set: Its open-set calibration.

    Returns:
        Metrics by name, such as `baseline_accuracy`, `pca_components` and `open_set_auroc`; one row
        per held-out image with its label, prediction and confidence; accuracy by part, condition
        and value with its 95 % interval; and the confused pairs.
    """
    metrics, predictions, by_condition, confused = describe(
        predict_held_out(portable, faces, split), faces, features, open_set
    )
    return metrics, predictions, by_condition, confused


def describe(
    predictions: pd.DataFrame, faces: Faces, features: Estimator, open_set: OpenSetResult
) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Describe the predictions for the held-out images.

    Args:
        predictions: The table of `faces.evaluation.metrics.predict_held_out`.
        faces: The data.
        features: The fitted feature steps.
        open_set: The open-set calibration.

    Returns:
        What `evaluate_model` returns.
    """
    from faces.models.training import describe_features

    calibration = asdict(open_set.calibration) if open_set.calibration else {}
    rates = {f"open_set_{name}": value for name, value in calibration.items() if value is not None}
    metrics = measure(predictions) | describe_features(features) | rates
    by_condition = accuracy_by_condition(predictions, list(faces.conditions))
    return metrics, predictions, by_condition, confusions(predictions)
