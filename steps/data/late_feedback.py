"""Find labels that arrived after their window was decided on."""

import numpy as np

from components.deployers.base import active_deployer
from faces.data.window import Window, last_occurrences, late_labels
from faces.drift.captured_requests import read_captured_requests, select_faces
from faces.drift.policy import Action
from faces.evaluation.feedback_verification import FeedbackLimits, verify_feedback
from serving.capture.reader import read_files
from store.deployments import decisions
from store.run_metadata import describe_run
from store.versions import load_artifact, require_version
from store.windows import EARLIER_WINDOWS, earlier_labels


def load_late_feedback(
    live_version: int, minimum_similarity: float, maximum_share: float
) -> Window:
    """Load the faces of the latest windows whose label arrived after the decision.

    Their labels are verified like those of a window.

    Args:
        live_version: Number of the version whose enrolled images are compared with.
        minimum_similarity: Smallest plausible similarity, from -1 to 1.
        maximum_share: Largest share of the plausible labels that name one person, in (0, 1].

    Returns:
        The faces with their labels, without those that are quarantined, and without those that
        the live version has learned already.
    """
    entries = [e for e in decisions() if e.action != Action.NOT_ENOUGH_EVIDENCE]
    considered = entries[-EARLIER_WINDOWS - 1 :]
    since = considered[0].until if len(entries) > EARLIER_WINDOWS else 0
    captured = read_captured_requests(read_files(active_deployer().captured(), since / 1e9))
    faces = select_faces(captured, since)
    decided = [(entry.until, max(entry.until, entry.labels_until)) for entry in considered]
    faces = faces[late_labels(faces, decided)]
    faces = faces[last_occurrences(faces.images)]
    if not len(faces):
        return faces
    data = load_artifact(require_version(live_version), "faces")
    train = data[load_artifact(require_version(live_version), "split").train]
    limits = FeedbackLimits(minimum_similarity, maximum_share)
    verification = verify_feedback(faces, train, limits, earlier_labels())
    usable = verification.usable(faces)
    learned = {image.tobytes() for image in train.images}
    new = np.array([image.tobytes() not in learned for image in usable.images])
    late = usable[usable.labelled & new]
    describe_run("late_feedback", {"labelled": len(faces), "learnable": len(late)})
    return late
