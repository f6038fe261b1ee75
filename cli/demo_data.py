"""What the demo sends: how it simulates drift with the data at hand."""

from dataclasses import dataclass

from faces.data.sources import source_names
from pipelines.shared.training_summary import DataSummary


@dataclass(frozen=True)
class Drift:
    """How the demo simulates drift with the data at hand.

    Attributes:
        baseline: Title of the traffic that resembles the training images.
        drifted: Title of the traffic that does not.
        more: Title of more of the latter, after retraining.
        options: Options of the traffic pipeline that select it.
    more_options: The same for more of it.
        images: What the drifted images are called in a sentence.
    """

    baseline: str
    drifted: str
    more: str
    options: tuple[str, ...]
    more_options: tuple[str, ...]
    images: str


TURNED_HEADS = Drift(
    "Frontal heads",
    "Turned heads",
    "Other turned heads",
    ("--condition", "yaw=left,right"),
    ("--condition", "yaw=left,right"),
    "turned faces",
)
OTHER_CONDITIONS = Drift(
    "Conditions of the training images",
    "Other conditions",
    "More images of other conditions",
    ("--condition", "drifted"),
    ("--condition", "drifted"),
    "faces of other conditions",
)
ROTATED_IMAGES = Drift(
    "Images as in training",
    "Rotated images",
    "More rotated images",
    ("--corruption", "rotation"),
    ("--corruption", "rotation", "--seed", "1"),
    "drifted faces",
)


def simulated_drift(data: DataSummary) -> Drift:
    """Choose how to simulate drift.

    Args:
        data: The data of the trained model.

    Returns:
        Turned heads if the data are one of this project's sources; else the images of other
        conditions; images that are rotated if there are none.
    """
    if data.source in source_names():
        return TURNED_HEADS
    return OTHER_CONDITIONS if data.drifted else ROTATED_IMAGES
