"""Show quarantined labels, and approve or reject them one at a time."""

import pandas as pd

from store import label_reviews
from store.approvals import APPROVED, REJECTED


def review_label(approved: str | None, rejected: str | None) -> None:
    """Approve or reject one quarantined label.

    Args:
        approved: Id of the label to approve; None for none.
        rejected: Id of the label to reject, if none is approved.

    Raises:
        UserError: If there is no such label, or it cannot be learned.
    """
    if approved:
        label_reviews.review_label(approved, APPROVED)
        print(f"approved: the next retraining learns the label {approved}, too")
    elif rejected:
        label_reviews.review_label(rejected, REJECTED)
        print(f"rejected: the label {rejected} is not learned")


def show_quarantined(limit: int = 20) -> None:
    """Print the quarantined labels that nobody has reviewed.

    Args:
        limit: Number of labels to print, the latest.
    """
    faces = [face for face in label_reviews.quarantined_faces() if face.review is None]
    rows = [
        {
            "id": face.id,
            "time": f"{face.time:%Y-%m-%d %H:%M:%S}",
            "label": face.label,
            "predicted": face.predicted,
            "sender": face.sender,
            "reason": face.quarantined.reason.replace("_", " "),
            "similarity": face.quarantined.similarity,
        }
        for face in faces[-limit:]
    ]
    if rows:
        print("\n" + pd.DataFrame(rows).round(2).to_string(index=False, na_rep=""))
    print(f"{len(faces)} quarantined labels wait for a review")
