"""Split the faces by condition."""

from typing import Annotated

from zenml import step

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.split import Split, split_by_condition
from store.caching import cache_on_imports
from store.materializers import SPLIT


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"split": SPLIT},
)
def split_faces(
    faces: Faces, condition: str, test_share: float, seed: int
) -> Annotated[Split, "split"]:
    """Split into training, baseline test and drifted images. No condition: all are baseline."""
    baseline = parse_condition(condition, faces.conditions) if condition else {}
    return split_by_condition(faces, baseline, test_share, seed)
