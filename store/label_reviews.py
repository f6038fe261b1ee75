"""Quarantined labels, and what a person decided about each.

A review is metadata of the artifact that the verification of the window's feedback left, so it
is deleted with it. All reviews of a label are kept, and the latest counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from zenml import log_metadata
from zenml.client import Client
from zenml.models import ArtifactVersionResponse

from faces.data.window import Window
from faces.errors import UserError, require_choice
from faces.evaluation.feedback_verification import (
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
)
from store.approvals import APPROVED
from store.deployments import decided_run_ids, now
from store.records import LabelReference
from store.users import user_name
from store.windows import window_of_run

FEEDBACK = "feedback_verification"
"""The artifact that the verification of a window's feedback leaves."""

MAX_WINDOWS = 100
"""Labels of the latest windows can be reviewed, up to this number of windows."""

RUN_DIGITS = 8
PREFIX = "label "


@dataclass(frozen=True)
class LabelReview:
    """What a person decided about a quarantined label.

    Attributes:
        review: "approved" or "rejected".
        who: Who decided.
        when: Date and time in UTC, ISO 8601.
    """

    review: str
    who: str
    when: str


@dataclass(frozen=True)
class QuarantinedFace:
    """A face whose label is quarantined.

    Attributes:
        id: What the label is called on the command line: digits of the run's id, and the row.
        reference: Where the face is.
        quarantined: Why its label is quarantined.
        label: The label.
        predicted: The identity as answered.
        sender: Who sent the label; "" if unknown.
        time: When the face was answered.
        review: What a person decided; None if nobody has.
    """

    id: str
    reference: LabelReference
    quarantined: QuarantinedLabel
    label: str
    predicted: str
    sender: str
    time: datetime
    review: LabelReview | None


def quarantined_faces() -> list[QuarantinedFace]:
    """Return the quarantined labels of the latest windows that were decided on, oldest first."""
    faces: list[QuarantinedFace] = []
    for artifact, run in _verifications():
        verification: FeedbackVerification = artifact.load()
        window = window_of_run(run) if verification.quarantined else None
        if window is not None:
            reviews = _reviews(artifact)
            faces += [
                _face(run, window, label, _latest(reviews.get(label.row)))
                for label in verification.quarantined
            ]
    return faces


def review_label(label: str, review: str) -> QuarantinedFace:
    """Record what a person decided about a quarantined label.

    Args:
        label: The label's id.
        review: "approved" or "rejected".

    Returns:
        The face.

    Raises:
        UserError: If there is no such label, or if the person that it names is not enrolled, so
            that it cannot be learned.
    """
    known = {face.id: face for face in quarantined_faces()}
    face = known[require_choice("quarantined label", label, known)]
    not_enrolled = face.quarantined.reason == QuarantineReason.NOT_ENROLLED
    if review == APPROVED and not_enrolled:
        raise UserError(
            f"{label} names a person who is not enrolled, whom feedback cannot teach: train with "
            "their images: python run.py --pipeline training --data FOLDER"
        )
    artifacts = {str(run): artifact for artifact, run in _verifications()}
    decided = {"review": review, "who": user_name(), "when": now()}
    # ZenML allows no colons in keys.
    key = f"{PREFIX}{face.reference.row} {decided['when'].replace(':', '')}"
    log_metadata(
        metadata={key: decided},
        artifact_version_id=artifacts[face.reference.run].id,
    )
    return face


def label_reviews() -> dict[str, list[LabelReview]]:
    """Return all reviews of labels of the latest windows, oldest first, by the label's id."""
    return {
        _label_id(run, row): reviews
        for artifact, run in _verifications()
        for row, reviews in _reviews(artifact).items()
    }


def approved_labels() -> list[LabelReference]:
    """Return the labels that a person approved, those that were learned since included."""
    return [
        LabelReference(str(run), row)
        for artifact, run in _verifications()
        for row, reviews in _reviews(artifact).items()
        if reviews[-1].review == APPROVED
    ]


def load_labelled(references: Iterable[LabelReference]) -> Iterator[tuple[LabelReference, Window]]:
    """Load faces from the windows that they were captured in.

    Args:
        references: The faces.

    Yields:
        Each reference with a window of this one face; those whose window was deleted are left out.
    """
    windows: dict[str, Window | None] = {}
    for reference in references:
        if reference.run not in windows:
            windows[reference.run] = window_of_run(UUID(reference.run))
        window = windows[reference.run]
        if window is not None:
            yield reference, window[np.array([reference.row])]


def _verifications() -> Iterator[tuple[ArtifactVersionResponse, UUID]]:
    """Yield the verifications of windows that were decided on, oldest first, with their runs."""
    decided = decided_run_ids()
    page = Client().list_artifact_versions(
        artifact=FEEDBACK, sort_by="desc:created", size=MAX_WINDOWS, hydrate=True
    )
    for artifact in reversed(page.items):
        run = artifact.producer_pipeline_run_id
        if run is not None and run in decided:
            yield artifact, run


def _reviews(artifact: ArtifactVersionResponse) -> dict[int, list[LabelReview]]:
    """Return the reviews of a window's labels, oldest first, by row."""
    reviews: dict[int, list[LabelReview]] = {}
    for key, value in sorted(artifact.run_metadata.items()):
        if key.startswith(PREFIX) and isinstance(value, dict):
            row = int(key.removeprefix(PREFIX).split()[0])
            reviews.setdefault(row, []).append(LabelReview(**value))
    return reviews


def _latest(reviews: list[LabelReview] | None) -> LabelReview | None:
    return reviews[-1] if reviews else None


def _label_id(run: UUID, row: int) -> str:
    return f"{run.hex[:RUN_DIGITS]}-{row}"


def _face(
    run: UUID, window: Window, label: QuarantinedLabel, review: LabelReview | None
) -> QuarantinedFace:
    row = label.row
    return QuarantinedFace(
        id=_label_id(run, row),
        reference=LabelReference(str(run), row),
        quarantined=label,
        label=str(window.labels[row]),
        predicted=str(window.predicted[row]),
        sender=str(window.senders[row]),
        time=datetime.fromtimestamp(int(window.times[row]) / 1e9, UTC),
        review=review,
    )
