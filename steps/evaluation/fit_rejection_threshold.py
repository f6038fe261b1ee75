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
def tell_strangers(
    faces: Faces, split: Split, model: str, params: dict[str, Any]
) -> Annotated[dict[str, float | None], "strangers"]:
    """Train without some people, and see how the model scores them; {} if there are too few."""
    train = faces[split.train]
    found = open_set.tell_strangers(
        build_model(model, **params), train.pixels, train.subjects, seed=params.get("seed", 0)
    )
    return asdict(found) if found else {}
