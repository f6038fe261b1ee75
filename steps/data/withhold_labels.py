"""Leave out new labels that can have caused the rejection of a candidate."""

from typing import Annotated

from zenml import step

from faces.data import feedback
from faces.data.dataset import Faces
from faces.data.split import Split
from store.audit_trail import WITHHELD
from store.materializers import FACES, SPLIT
from store.records import Promotion
from store.run_metadata import describe_run
from store.versions import load_artifact, require_version


@step(enable_cache=False, output_materializers={"faces": FACES, "split": SPLIT})
def withhold_labels(
    faces: Faces, split: Split, live_version: int, promotion: Promotion
) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"], Annotated[int, WITHHELD]]:
    """Extend the live version's training set without labels that name people in the gate's reason.

    Args:
        faces: The data that the rejected candidate was trained on.
        split: Its split.
        live_version: Number of the version whose data was extended.
        promotion: The gate's decision, with the people about whom nothing is learned.

    Returns:
        Data and split for another candidate, and the number of labels that it does not learn: 0 if
        no label names these people, or no other one is left to learn.

    Raises:
        UserError: If the live version was deleted.
    """
    live = require_version(live_version)
    fewer, fewer_split = feedback.withhold_labels(
        load_artifact(live, "faces"), load_artifact(live, "split"), faces, split, promotion.people
    )
    withheld = len(faces) - len(fewer)
    if withheld:
        describe_run(
            f"{WITHHELD}_{promotion.version}",
            {
                "labels": withheld,
                "rejected_version": promotion.version,
                "because": promotion.public_reason,
            },
        )
    return fewer, fewer_split, withheld
