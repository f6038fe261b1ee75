"""Verify feedback: only plausible labels are counted and learned, and not too many per person."""

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.evaluation.witness import Witness

MIN_LABELS_PER_PERSON = 3
"""The cap on a person's share of a window never falls below this number of labels."""


class QuarantineReason(StrEnum):
    """Why a label is not learned."""

    NOT_ENROLLED = "not_enrolled"
    IMPLAUSIBLE = "implausible"
    OVER_CAP = "over_cap"


UNVERIFIED = frozenset({QuarantineReason.NOT_ENROLLED, QuarantineReason.IMPLAUSIBLE})
"""With these reasons, a label is not counted in performance drift either."""


@dataclass(frozen=True)
class FeedbackLimits:
    """Which labels are plausible, and how many of one person are learned.

    Attributes:
        minimum_similarity: Smallest plausible similarity of a face to the enrolled images of the
            person that its label names, from -1 to 1.
        maximum_share: Largest share of a window's plausible labels that name one person.
    """

    minimum_similarity: float
    maximum_share: float


@dataclass(frozen=True)
class QuarantinedLabel:
    """A label that is not learned. It holds no name: the window has the label.

    Attributes:
        row: Row of the window.
        reason: Why the label is not learned.
        similarity: Similarity to the enrolled images of the person that the label names; None
            if that person is not enrolled.
    """

    row: int
    reason: QuarantineReason
    similarity: float | None


@dataclass(frozen=True)
class FeedbackVerification:
    """Result of verifying the feedback in a window.

    Attributes:
        labelled: Number of labels in the window.
        quarantined: The labels that are not learned, in the window's order.
    """

    labelled: int
    quarantined: tuple[QuarantinedLabel, ...] = ()

    @property
    def learnable(self) -> int:
        """Number of labels that may be learned."""
        return self.labelled - len(self.quarantined)

    @property
    def counts(self) -> dict[str, int]:
        """Number of quarantined labels by reason, without reasons that do not occur."""
        return dict(sorted(Counter(label.reason.value for label in self.quarantined).items()))

    def verified(self, window: Window) -> Window:
        """Return the window without labels that could not be verified.

        Args:
            window: The window that was verified.

        Returns:
            The window with the labels that count as evidence of its accuracy.
        """
        return self._without(window, UNVERIFIED)

    def usable(self, window: Window) -> Window:
        """Return the window without any quarantined label.

        Args:
            window: The window that was verified.

        Returns:
            The window with the labels that may be learned.
        """
        return self._without(window, frozenset(QuarantineReason))

    def _without(self, window: Window, reasons: Collection[QuarantineReason]) -> Window:
        labels = window.labels.copy()
        labels[[label.row for label in self.quarantined if label.reason in reasons]] = ""
        return replace(window, labels=labels)


def describe_quarantine(counts: Mapping[str, int]) -> str:
    """Describe how many labels are quarantined, and why.

    Args:
        counts: Number of labels by reason, as in `FeedbackVerification.counts`.

    Returns:
        Text such as "3 implausible, 1 not enrolled"; "" if there are none.
    """
    return ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in counts.items())


def verify_feedback(window: Window, trained: Faces, limits: FeedbackLimits) -> FeedbackVerification:
    """Verify the labels of a window with a witness that never learned from feedback.

    A label is quarantined if the person is not enrolled, if the face does not resemble that
    person's enrolled images, or if more labels of the person are plausible than may be learned.

    Args:
        window: The window.
        trained: The training images of the live version. Those with origin "" are the enrolled
            images; the others were learned from feedback.
        limits: Which labels are plausible, and how many of one person are learned.

    Returns:
        The number of labels, and those that are quarantined.
    """
    rows = np.flatnonzero(window.labelled)
    enrolled = trained[np.flatnonzero(trained.origins == "")]
    known = np.isin(window.labels[rows], enrolled.labels)
    quarantined = [
        QuarantinedLabel(int(row), QuarantineReason.NOT_ENROLLED, None) for row in rows[~known]
    ]
    rows = rows[known]
    if len(rows):
        labels = window.labels[rows]
        similarities = Witness(enrolled).assess(window.images[rows], labels)
        plausible = similarities >= limits.minimum_similarity
        over_cap = np.zeros(len(rows), dtype=bool)
        over_cap[plausible] = _over_cap(labels[plausible], similarities[plausible], trained, limits)
        quarantined += [
            QuarantinedLabel(int(row), reason, round(float(similarity), 4))
            for reason, mask in (
                (QuarantineReason.IMPLAUSIBLE, ~plausible),
                (QuarantineReason.OVER_CAP, over_cap),
            )
            for row, similarity in zip(rows[mask], similarities[mask], strict=True)
        ]
    quarantined.sort(key=lambda label: label.row)
    return FeedbackVerification(int(window.labelled.sum()), tuple(quarantined))


def _over_cap(
    labels: NDArray[np.str_],
    similarities: NDArray[np.float64],
    trained: Faces,
    limits: FeedbackLimits,
) -> NDArray[np.bool_]:
    """Return which labels (n,) exceed what may be learned; the most similar faces are learned."""
    share = max(MIN_LABELS_PER_PERSON, math.ceil(limits.maximum_share * len(labels)))
    over = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        own = trained.origins[trained.labels == label]
        room = int((own == "").sum()) - int((own != "").sum())
        rows = np.flatnonzero(labels == label)
        ranked = rows[np.argsort(-similarities[rows], kind="stable")]
        over[ranked[max(0, min(share, room)) :]] = True
    return over
