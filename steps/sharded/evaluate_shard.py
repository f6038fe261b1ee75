"""Predict the held-out images of a shard."""

from typing import Annotated

import numpy as np
import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.evaluation.metrics import predict_images
from faces.models.protocol import Estimator
from faces.processes import run_on_images
from faces.runtime.portable import PortableModel
from steps.evaluation.evaluate_model import describe
from steps.sharded.index_shards import START, TRAIN
from steps.sharded.resources import RETRY, SHARD
from store.caching import cache_on_imports
from store.records import OpenSetResult


@step(cache_policy=cache_on_imports(__name__), settings=SHARD, retry=RETRY)
def evaluate_shard(
    shard: Faces, rows: dict[str, list[int]], portable: PortableModel
) -> Annotated[pd.DataFrame, "shard_predictions"]:
    """Predict the held-out images of a shard.

    Args:
        shard: The shard.
        rows: Its rows by part.
        portable: The exported recogniser.

    Returns:
        One row per image, as of `evaluate_model`.
    """
    parts = {p: np.array(own, np.int64) for p, own in rows.items() if p not in (START, TRAIN)}
    predictions = run_on_images(
        predict_images, shard.images, portable, shard.labels, shard.conditions, parts
    )
    predictions["row"] += rows[START][0]
    return predictions


@step(cache_policy=cache_on_imports(__name__))
def evaluate_shards(
    faces: Faces, features: Estimator, tables: list[pd.DataFrame], open_set: OpenSetResult
) -> tuple[
    Annotated[dict[str, float], "metrics"],
    Annotated[pd.DataFrame, "predictions"],
    Annotated[pd.DataFrame, "accuracy_by_condition"],
    Annotated[pd.DataFrame, "confusions"],
]:
    """Evaluate the model on the predictions for all shards.

    Args:
        faces: The data, whose images are not read.
        features: The fitted feature steps.
        tables: The predictions for each shard.
        open_set: Its open-set calibration.

    Returns:
        As of `evaluate_model`.
    """
    together = pd.concat([table for table in tables if len(table)], ignore_index=True)
    together = together.sort_values("part", kind="stable", ignore_index=True)
    metrics, predictions, by_condition, confused = describe(together, faces, features, open_set)
    return metrics, predictions, by_condition, confused
