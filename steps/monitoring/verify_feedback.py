"""Verify the feedback in the window before it is counted or learned."""

from collections import Counter
from typing import Annotated

import numpy as np
from zenml import step

from faces.data.dataset import Faces
from faces.data.sharded_faces import select_lazily
from faces.data.window import Window
from faces.evaluation import feedback_verification
from faces.evaluation.feedback_verification import FeedbackLimits, FeedbackVerification
from faces.evaluation.witness import ANONYMOUS
from store.label_reviews import FEEDBACK, approved_labels, load_labelled
from store.materializers import RECORD
from store.records import ApprovedLabels
from store.run_metadata import describe_run
from store.versions import load_artifact, require_version
from store.windows import earlier_labels
from store.witnesses import load_witness

APPROVED_LABELS = "approved_labels"


@step(enable_cache=False, output_materializers={FEEDBACK: RECORD, APPROVED_LABELS: RECORD})
def verify_feedback(
    window: Window, live_version: int, minimum_similarity: float, maximum_share: float
) -> tuple[Annotated[FeedbackVerification, FEEDBACK], Annotated[ApprovedLabels, APPROVED_LABELS]]:
    """Compare the labelled faces with the enrolled images of the live version.

    What senders labelled in earlier windows is evidence about their labels in this one.

    Args:
        window: Captured faces.
        live_version: Number of the version whose enrolled images are compared with.
        minimum_similarity: Smallest plausible similarity, from -1 to 1.
        maximum_share: Largest share of the plausible labels that name one person, in (0, 1].

    Returns:
        The labels that are quarantined, and why; and those of earlier windows that a person
        approved and that the live version has not learned.

    Raises:
        UserError: If the live version was deleted.
    """
    version = require_version(live_version)
    faces: Faces = load_artifact(version, "faces")
    trained = select_lazily(faces, load_artifact(version, "split").train)
    limits = FeedbackLimits(minimum_similarity, maximum_share)
    has_senders = bool((window.senders != ANONYMOUS).any())
    earlier = earlier_labels() if has_senders else None
    asked = np.concatenate([w.labels for w in (window, earlier) if w is not None])
    result = feedback_verification.verify_feedback(
        window, trained, limits, earlier, train_witness=lambda _: load_witness(version, asked)
    )
    approved = _not_trained_on(trained)
    counts = {"labelled": result.labelled, "learnable": result.learnable, **result.counts}
    senders = dict(Counter(window.senders[window.labelled].tolist()))
    more = {"approved": len(approved.labels) or None, "senders": senders or None}
    describe_run("feedback", {**counts, **more})
    return result, approved


def _not_trained_on(trained: Faces) -> ApprovedLabels:
    faces = list(load_labelled(approved_labels()))
    images = {image.tobytes() for image in np.asarray(trained.images)} if faces else set()
    return ApprovedLabels(
        tuple(reference for reference, face in faces if face.images[0].tobytes() not in images)
    )
