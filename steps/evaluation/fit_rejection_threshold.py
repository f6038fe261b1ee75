"""Fit the score threshold below which a face is rejected as unknown."""

from dataclasses import asdict
from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation import open_set
from faces.models import ModelParams, build_model
from store.caching import cache_on_imports


@step(cache_policy=cache_on_imports(__name__))
def fit_rejection_threshold(
    faces: Faces, split: Split, model: str, params: ModelParams
) -> Annotated[dict[str, float | None], "open_set"]:
    """Train without some people and see how the model scores them; {} if there are too few."""
    train = faces[split.train]
    calibration = open_set.fit_rejection_threshold(
        build_model(model, **params), train.pixels, train.labels, seed=int(params.get("seed", 0))
    )
    return asdict(calibration) if calibration else {}
