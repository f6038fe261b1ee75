"""Split the faces by condition."""

from typing import Annotated

from zenml import step

from faces.data.conditions import baseline_condition
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
    """Split the faces by condition into training, baseline test and drifted images.

    Args:
        faces: The faces to split.
        condition: The baseline, such as "yaw=frontal", as for `baseline_condition`.
        test_share: Share of each person's baseline images that are held out, in (0, 1).
        seed: Seed of the random choice of held-out images.

    Returns:
        Row numbers of the three sets, and the people who cannot be enrolled.

    Raises:
        UserError: If the faces have no such condition, or too few images match it.
    """
    baseline = baseline_condition(condition, faces.conditions)
    return split_by_condition(faces, baseline, test_share, seed)
