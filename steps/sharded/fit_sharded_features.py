"""Fit the principal components from the sufficient statistics of all shards."""

from typing import Annotated

from zenml import step
from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact
from zenml.artifacts.utils import load_artifact_from_response

from faces.data.dataset import Faces
from faces.models import ModelParams, build_model
from faces.models.moments import Moments, add_moments
from faces.models.protocol import Estimator
from faces.processes import run_on_images
from steps.sharded.index_shards import TRAIN
from steps.sharded.resources import RETRY, SHARD
from store.caching import cache_on_imports
from store.materializers import ESTIMATOR, MOMENTS


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"moments": MOMENTS},
    settings=SHARD,
    retry=RETRY,
)
def measure_shard(
    shard: Faces, rows: dict[str, list[int]], model: str, params: ModelParams, augmented: bool
) -> Annotated[Moments, "moments"]:
    """Compute count, sum and second moments of the features of a shard's training images.

    Args:
        shard: The shard.
        rows: Its rows by part.
        model: Name of the recogniser.
        params: Its parameters.
        augmented: Whether each training image is augmented.

    Returns:
        The moments, which are added to those of the other shards.
    """
    from faces.models import sharded_fisher

    recogniser = build_model(model, **params)
    return run_on_images(
        sharded_fisher.shard_moments, shard.images, recogniser, rows[TRAIN], augmented=augmented
    )


@step(cache_policy=cache_on_imports(__name__), output_materializers={"features": ESTIMATOR})
def fit_sharded_features(
    moments: list[UnmaterializedArtifact], model: str, params: ModelParams
) -> Annotated[Estimator, "features"]:
    """Fit the principal components from the moments of all shards, which are read one at a time.

    Args:
        moments: Those of each shard.
        model: Name of the recogniser.
        params: Its parameters.

    Returns:
        The fitted feature steps, a scikit-learn pipeline.
    """
    from faces.models import sharded_fisher

    total = add_moments(load_artifact_from_response(part) for part in moments)
    features: Estimator = sharded_fisher.fit_features(build_model(model, **params), total)
    return features
