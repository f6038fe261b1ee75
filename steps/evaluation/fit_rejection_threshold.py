"""Fit the score threshold below which a face is rejected as unknown."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation import open_set
from faces.models import ModelParams, build_model
from store.caching import cache_on_imports
from store.materializers import RECORD
from store.records import OpenSetResult


@step(cache_policy=cache_on_imports(__name__), output_materializers={"open_set": RECORD})
def fit_rejection_threshold(
    faces: Faces, split: Split, model: str, params: ModelParams
) -> Annotated[OpenSetResult, "open_set"]:
    """Fit the threshold on the model's score below which a face is rejected as unknown.

    The recogniser is trained without some people, and scores them and the others.

    Args:
        faces: The data.
        split: Its split; only training images are used.
        model: Name of the recogniser.
        params: Its parameters.

    Returns:
        The calibration: AUROC, threshold and rates; without one if there are too few people.
    """
    train = faces[split.train]
    recogniser, seed = build_model(model, **params), int(params.get("seed", 0))
    return OpenSetResult(
        open_set.fit_rejection_threshold(recogniser, train.pixels, train.labels, seed=seed)
    )
