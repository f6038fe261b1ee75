"""Verify feedback: only plausible labels are counted and learned, and not too many per person."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.window import Window
from faces.evaluation.feedback_cap import labels_over_cap
from faces.evaluation.sender_trust import unproven_senders, untrusted_senders
from faces.evaluation.witness import ANONYMOUS, Witness

UNPROVEN_MARGIN = 0.25
"""How much more similar a face must be if its label comes from a sender who is not proven yet."""


class QuarantineReason(StrEnum):
    """Why a label is not learned."""

    NOT_ENROLLED = "not_enrolled"
    IMPLAUSIBLE = "implausible"
    UNTRUSTED_SENDER = "untrusted_sender"
    UNPROVEN_SENDER = "unproven_sender"
    OVER_CAP = "over_cap"


UNVERIFIED = frozenset(QuarantineReason) - {QuarantineReason.OVER_CAP}
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
        sender: Who sent the label; "" if unknown.
    """

    row: int
    reason: QuarantineReason
    similarity: float | None
    sender: str = ""


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

    @property
    def senders(self) -> dict[str, int]:
        """Number of quarantined labels by sender, "anonymous" without a token."""
        names = (label.sender or "anonymous" for label in self.quarantined)
        return dict(sorted(Counter(names).items()))

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


def describe_senders(senders: Mapping[str, int]) -> str:
    """Describe who sent the labels that are quarantined.

    Args:
        senders: Number of labels by sender, as in `FeedbackVerification.senders`.

    Returns:
        Text such as "3 from ada, 1 from anonymous"; "" if there are none.
    """
    return ", ".join(f"{n} from {sender}" for sender, n in senders.items())


def verify_feedback(
    window: Window,
    trained: Faces,
    limits: FeedbackLimits,
    earlier: Window | None = None,
    train_witness: Callable[[Faces], Witness] | None = None,
) -> FeedbackVerification:
    """Verify the labels of a window with a witness that never learned from feedback.

    A label is quarantined if the person is not enrolled, if the face does not resemble that
    person's enrolled images, if its sender is not trusted, or if more labels of the person are
    plausible than may be learned.

    Args:
        window: The window.
        trained: The training images of the live version. Those with origin "" are the enrolled
            images; the others were learned from feedback.
        limits: Which labels are plausible, and how many of one person are learned.
        earlier: Faces of earlier windows. A sender's labels in it, whether they were quarantined or
            not, are evidence about the sender's labels in the window.
        train_witness: Trains the witness on the enrolled images; None for `Witness`.

    Returns:
        The number of labels, and those that are quarantined.
    """
    rows = np.flatnonzero(window.labelled)
    enrolled = trained[np.flatnonzero(trained.origins == "")]
    known = np.isin(window.labels[rows], enrolled.labels)
    reasons = {int(row): QuarantineReason.NOT_ENROLLED for row in rows[~known]}
    similarities: dict[int, float] = {}
    rows = rows[known]
    if len(rows):
        labels = window.labels[rows]
        witness = (train_witness or Witness)(enrolled)
        assessed, found = _assess(
            witness, window[rows], _evidence(earlier, window, enrolled), limits
        )
        plausible = found == ""
        found[plausible] = np.where(
            labels_over_cap(labels[plausible], assessed[plausible], trained, limits.maximum_share),
            QuarantineReason.OVER_CAP,
            "",
        )
        similarities = dict(zip(rows.tolist(), assessed.tolist(), strict=True))
        reasons |= {
            int(row): QuarantineReason(reason)
            for row, reason in zip(rows, found, strict=True)
            if reason
        }
    quarantined = tuple(
        QuarantinedLabel(
            row,
            reason,
            round(similarities[row], 4) if row in similarities else None,
            str(window.senders[row]),
        )
        for row, reason in sorted(reasons.items())
    )
    return FeedbackVerification(int(window.labelled.sum()), quarantined)


def _evidence(earlier: Window | None, window: Window, enrolled: Faces) -> Window:
    """Return the faces of earlier windows that known senders of the window labelled."""
    if earlier is None:
        return window[:0]
    same = np.isin(earlier.senders, window.senders) & (earlier.senders != ANONYMOUS)
    return earlier[same & np.isin(earlier.labels, enrolled.labels)]


def _assess(
    witness: Witness, window: Window, evidence: Window, limits: FeedbackLimits
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Return similarity (n,) and reason (n,) for each label of a window; "" if it is plausible."""
    images, labels, senders = (
        np.concatenate([getattr(evidence, name), getattr(window, name)])
        for name in ("images", "labels", "senders")
    )
    similarities = witness.assess(images, labels, senders)
    plausible = similarities >= limits.minimum_similarity
    untrusted = untrusted_senders(senders, plausible)
    enrolled = len(witness.classifier.classes_)
    unproven = np.isin(senders, unproven_senders(senders, labels, plausible, enrolled))
    doubtful = unproven & (similarities < limits.minimum_similarity + UNPROVEN_MARGIN)
    reasons = np.select(
        [~plausible, np.isin(senders, untrusted), doubtful],
        [
            QuarantineReason.IMPLAUSIBLE,
            QuarantineReason.UNTRUSTED_SENDER,
            QuarantineReason.UNPROVEN_SENDER,
        ],
        "",
    )
    first = len(evidence)
    return similarities[first:], reasons[first:].astype("U20")
