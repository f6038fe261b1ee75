"""Extend the training set with labelled faces from production."""

from typing import Annotated

import numpy as np
from zenml import step

from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split
from faces.data.window import Window, concatenate
from faces.evaluation.feedback_verification import FeedbackVerification
from steps.data.late_feedback import load_late_feedback
from store.label_reviews import load_labelled
from store.materializers import FACES, SPLIT
from store.records import ApprovedLabels
from store.versions import load_artifact, require_version


@step(
    enable_cache=False,
    output_materializers={"faces": FACES, "split": SPLIT},
)
def add_feedback(
    window: Window,
    feedback: FeedbackVerification,
    approved: ApprovedLabels,
    live_version: int,
    minimum_similarity: float,
    maximum_share: float,
) -> tuple[Annotated[Faces, "faces"], Annotated[Split, "split"]]:
    """Extend the live version's training set with the window's labelled and the approved faces.

    So are faces of earlier windows whose label arrived after the decision, if it is plausible.

    Args:
        window: Captured faces, of which those with a feedback label are added.
        feedback: Which labels are quarantined; they are not added.
        approved: Labels of earlier windows that a person approved. If the same image is in the
            window, the approved label counts.
        live_version: Number of the version whose data is extended.
        minimum_similarity: Smallest plausible similarity of late labels, from -1 to 1.
        maximum_share: Largest share of the plausible late labels that name one person, in (0, 1].

    Returns:
        The extended faces, with sender and time of each added label; and their split, in which the
        added images are training images.

    Raises:
        UserError: If the live version was deleted.
    """
    version = require_version(live_version)
    usable = feedback.usable(window)
    reviewed = [face for _, face in load_labelled(approved.labels)]
    late = load_late_feedback(live_version, minimum_similarity, maximum_share)
    labelled = concatenate([*reviewed, usable[np.flatnonzero(usable.labelled)], late])
    faces, split = add_labelled_faces(
        load_artifact(version, "faces"),
        load_artifact(version, "split"),
        labelled.images,
        labelled.labels,
        labelled.senders,
        labelled.label_times,
    )
    return faces, split
