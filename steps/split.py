"""Split the faces by condition."""

from typing import Annotated

from zenml import step

from faces.conditions import parse_condition
from faces.dataset import Faces
from faces.split import Split, split_by_condition
from steps.artifacts import SplitMaterializer
from steps.caching import CACHED


@step(cache_policy=CACHED, output_materializers={"split": SplitMaterializer})
def split_faces(
    faces: Faces, condition: str, test_share: float, seed: int
) -> Annotated[Split, "split"]:
    """Set apart training, baseline test and drifted images. No condition: all are baseline."""
    wanted = parse_condition(condition, faces.conditions) if condition else {}
    return split_by_condition(faces, wanted, test_share, seed)
