"""Find the score below which someone is none of the people the model knows."""

from dataclasses import asdict
from typing import Annotated, Any

from zenml import step

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.evaluation import open_set
from faces.models import build_model
from store.caching import CACHED


@step(cache_policy=CACHED)
def fit_rejection_threshold(
    faces: Faces, split: Split, model: str, params: dict[str, Any]
) -> Annotated[dict[str, float | None], "strangers"]:
    """Train without some people, and see how the model scores them; {} if there are too few."""
    train = faces[split.train]
    found = open_set.fit_rejection_threshold(
        build_model(model, **params), train.pixels, train.labels, seed=params.get("seed", 0)
    )
    return asdict(found) if found else {}
