"""Build the data version that would exist without what has to be erased."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.removal import split_without
from faces.data.split import Split
from store.erasure.register import pending_erasure
from store.materializers import FACES, SPLIT
from store.versions import load_artifact, require_version


@step(enable_cache=False, output_materializers={"faces": FACES, "split": SPLIT})
def remove_from_data(
    version: int, condition: str, test_share: float, seed: int
) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"]]:
    """Remove people and images from a version's data, and split the rest as training would.

    Args:
        version: Number of the version whose data is used.
        condition: The condition that it was trained on.
        test_share: Share of each person's images that are held out for the test.
        seed: Seed of the split.

    Returns:
        The rest of the data, and its split.

    Raises:
        UserError: If fewer than two people would be left, or the version was deleted.
    """
    faces, split = split_without(
        load_artifact(require_version(version), "faces"),
        pending_erasure().removal,
        condition,
        test_share,
        seed,
    )
    return faces, split
