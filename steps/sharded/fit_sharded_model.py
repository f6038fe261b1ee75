"""Fit the classifier and the rejection threshold from the projections of all shards."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models import ModelParams, build_model
from faces.models.projections import Projections
from faces.models.protocol import Estimator, Recogniser
from faces.processes import run_on_images
from steps.sharded.index_shards import TRAIN
from steps.sharded.resources import RETRY, SHARD
from store.caching import cache_on_imports
from store.materializers import ARRAY, ESTIMATOR, RECORD
from store.records import OpenSetResult


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"projection": ARRAY},
    settings=SHARD,
    retry=RETRY,
)
def project_shard(
    shard: Faces, rows: dict[str, list[int]], features: Estimator, augmented: bool
) -> Annotated[NDArray[np.float32], "projection"]:
    """Compute the principal components of a shard's training images.

    Args:
        shard: The shard.
        rows: Its rows by part.
        features: The fitted feature steps.
        augmented: Whether each training image is augmented.

    Returns:
        Rows (n or k · n, components).
    """
    from faces.models import sharded_fisher

    return run_on_images(
        sharded_fisher.project, shard.images, features, rows[TRAIN], augmented=augmented
    )


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"model": ESTIMATOR, "open_set": RECORD},
)
def fit_sharded_model(
    faces: Faces,
    split: Split,
    features: Estimator,
    projections: list[NDArray[np.float32]],
    model: str,
    params: ModelParams,
) -> tuple[Annotated[Recogniser, "model"], Annotated[OpenSetResult, "open_set"]]:
    """Fit the classifier, its temperature and the rejection threshold.

    Args:
        faces: The data, of which only the labels are read.
        split: Its split.
        features: The fitted feature steps.
        projections: The principal components of each shard's training images.
        model: Name of the recogniser.
        params: Its parameters.

    Returns:
        The whole recogniser, and its open-set calibration.
    """
    from faces.evaluation import sharded_open_set
    from faces.models import sharded_fisher

    recogniser, seed = build_model(model, **params), int(params.get("seed", 0))
    labels = faces.labels[split.train]
    shards = Projections(projections, sum(map(len, projections)) // len(labels))
    fitted: Recogniser = sharded_fisher.fit_recogniser(recogniser, features, shards, labels)
    calibration = sharded_open_set.fit_rejection_threshold(recogniser, shards, labels, seed=seed)
    return fitted, OpenSetResult(calibration)
