"""Split the faces by condition."""

from typing import Annotated

from zenml import step

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.split import Split, split_by_condition
from store.caching import CACHED
from store.materializers import SplitMaterializer


@step(cache_policy=CACHED, output_materializers={"split": SplitMaterializer})
def split_faces(
    faces: Faces, condition: str, test_share: float, seed: int
) -> Annotated[Split, "split"]:
    """Set apart training, baseline test and drifted images. No condition: all are baseline."""
    wanted = parse_condition(condition, faces.conditions) if condition else {}
    return split_by_condition(faces, wanted, test_share, seed)
