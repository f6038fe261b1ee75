"""Verify the feedback in the window before it is counted or learned."""

from typing import Annotated

from zenml import step

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.evaluation import feedback_verification
from faces.evaluation.feedback_verification import FeedbackLimits, FeedbackVerification
from store.materializers import RECORD
from store.run_metadata import describe_run
from store.versions import load_artifact, require_version

FEEDBACK = "feedback_verification"


@step(enable_cache=False, output_materializers={FEEDBACK: RECORD})
def verify_feedback(
    window: Window, live_version: int, minimum_similarity: float, maximum_share: float
) -> Annotated[FeedbackVerification, FEEDBACK]:
    """Compare the labelled faces with the enrolled images of the live version.

    Args:
        window: Captured faces.
        live_version: Number of the version whose enrolled images are compared with.
        minimum_similarity: Smallest plausible similarity, from -1 to 1.
        maximum_share: Largest share of the plausible labels that name one person, in (0, 1].

    Returns:
        The labels that are quarantined, and why.

    Raises:
        UserError: If the live version was deleted.
    """
    version = require_version(live_version)
    faces: Faces = load_artifact(version, "faces")
    trained = faces[load_artifact(version, "split").train]
    limits = FeedbackLimits(minimum_similarity, maximum_share)
    result = feedback_verification.verify_feedback(window, trained, limits)
    described = {"labelled": result.labelled, "learnable": result.learnable, **result.counts}
    describe_run("feedback", described)
    return result
