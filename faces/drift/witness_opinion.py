"""What the witness says of a window: does the model still name the right people, and unknown ones?

The witness (`faces.evaluation.witness`) recognises turned heads and changed pictures better than
most models, and needs no labels: where it and the model disagree, one of them is wrong.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy
from numpy.typing import NDArray

from faces.drift.accuracy import AccuracyDrop, accuracy_test
from faces.drift.detector import Images, Labels
from faces.evaluation.witness import Witness
from faces.runtime.portable import UNKNOWN

UNKNOWN_SIMILARITY = 0.65
"""A face that is less similar to everybody resembles no enrolled person."""

USUAL_SHARE = 0.05
"""More such faces than this share are tested for: known people with turned heads are 6 %."""

IMAGES_AT_A_TIME = 256
"""Their similarities to 100,000 people take 200 MB."""

MISRECOGNISED_PEOPLE = 2
"""Without drift, models misrecognise faces of this number of people, too."""

MAX_SHARE = 0.5
"""With more unknown people, changed pictures and new people cannot be separated."""


@dataclass(frozen=True, eq=False)
class WitnessOpinion:
    """Whom faces resemble most.

    Attributes:
        people: The enrolled person that each face resembles most, (n,).
        similarities: How much, a cosine, (n,).
    """

    people: Labels
    similarities: NDArray[np.float64]

    @classmethod
    def ask(cls, witness: Witness, images: Images) -> Self:
        """Compare faces with all enrolled people.

        Args:
            witness: The witness.
            images: Faces (n, 64, 64) in [0, 1].

        Returns:
            Whom they resemble.
        """
        if not len(images):
            return cls(np.array([], dtype=np.str_), np.array([]))
        means, best, similarities = witness.classifier.means_, [], []
        for start in range(0, len(images), IMAGES_AT_A_TIME):
            block = np.asarray(images[start : start + IMAGES_AT_A_TIME], np.float32)
            cosines = witness.embed(block) @ means.T
            best.append(cosines.argmax(axis=1))
            similarities.append(cosines.max(axis=1))
        people = witness.classifier.classes_[np.concatenate(best)]
        return cls(people.astype(np.str_), np.concatenate(similarities))

    def __getitem__(self, rows: NDArray[np.bool_]) -> "WitnessOpinion":
        return WitnessOpinion(self.people[rows], self.similarities[rows])

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Which faces resemble no enrolled person, (n,)."""
        return np.asarray(self.similarities < UNKNOWN_SIMILARITY)


@dataclass(frozen=True)
class PopulationResult:
    """How many faces of a window resemble no enrolled person.

    Attributes:
        images: Number of faces.
        unknown: Number of these that resemble nobody.
        p_value: Binomial p-value of this number or more, if no more than usual were unknown.
    """

    images: int
    unknown: int
    p_value: float

    @property
    def separable(self) -> bool:
        """Whether the pictures can be tested without the unknown people."""
        return self.unknown <= MAX_SHARE * self.images

    @property
    def reason(self) -> str:
        """The result in one phrase."""
        return (
            f"{self.unknown} of {self.images} faces resemble no enrolled person "
            f"(p = {self.p_value:.2g})"
        )


def count_unknown(opinion: WitnessOpinion, baseline: WitnessOpinion) -> PopulationResult:
    """Test whether more faces than usual resemble no enrolled person, with a binomial test.

    With few enrolled images of each person, the witness is less sure. So the usual share is that of
    the baseline test, if it is more than `USUAL_SHARE`.

    Args:
        opinion: Whom the faces of a window resemble.
        baseline: Whom the images of the baseline test resemble: enrolled people's, held out.

    Returns:
        The number of unknown people's faces, and its p-value.
    """
    images, unknown = len(opinion.people), int(opinion.unknown.sum())
    usual = max(USUAL_SHARE, float(baseline.unknown.sum()) / max(len(baseline.people), 1))
    p_value = float(scipy.stats.binom.sf(unknown - 1, images, usual)) if images else 1.0
    return PopulationResult(images, unknown, p_value)


def correct_few_names(predicted: Labels, opinion: WitnessOpinion) -> Labels:
    """Let the witness name a model's few misrecognised faces, before their pictures are tested.

    A misrecognised face differs from the person's mean that it is compared with, as if it had been
    photographed differently. In a small window, one such face can look like drift. A face that the
    model rejected would be compared with the mean of all people.

    Args:
        predicted: The model's predictions, (n,).
        opinion: Whom the witness names.

    Returns:
        The predictions, (n,). Where model and witness differ, the witness names the face, unless
        they differ about faces of more than `MISRECOGNISED_PEOPLE` people: drift may be the reason.
        It always names those that the model rejected.
    """
    rejected = predicted == UNKNOWN
    differs = (predicted != opinion.people) & ~rejected
    if len(np.unique(opinion.people[differs])) <= MISRECOGNISED_PEOPLE:
        rejected |= differs
    return np.where(rejected, opinion.people, predicted)


def agreement_test(
    baseline: Labels, witnessed: WitnessOpinion, predicted: Labels, opinion: WitnessOpinion
) -> AccuracyDrop | None:
    """Test whether model and witness agree less than on the baseline test.

    Unknown people, and faces that the model rejected as unknown, do not count.

    Args:
        baseline: The model's predictions for the baseline test, (m,).
        witnessed: Whom the witness names there.
        predicted: The model's predictions for the window, (n,).
        opinion: Whom the witness names there.

    Returns:
        Shares of agreement and the p-value; None if no face counts.
    """
    before = (baseline == witnessed.people)[baseline != UNKNOWN]
    named = (predicted != UNKNOWN) & ~opinion.unknown
    now = (predicted == opinion.people)[named]
    return accuracy_test(before, now) if len(before) and len(now) else None
