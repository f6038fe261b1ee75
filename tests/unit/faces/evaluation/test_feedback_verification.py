from collections.abc import Sequence

import numpy as np
import pytest

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.data.window import Window
from faces.evaluation import feedback_verification
from faces.evaluation.feedback_verification import (
    FeedbackLimits,
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
    describe_quarantine,
    verify_feedback,
)
from faces.evaluation.witness import Witness

WITNESSES: dict[str, Witness] = {}
LIMITS = FeedbackLimits(minimum_similarity=0.5, maximum_share=0.5)
IMPLAUSIBLE, NOT_ENROLLED, OVER_CAP = (
    QuarantineReason.IMPLAUSIBLE,
    QuarantineReason.NOT_ENROLLED,
    QuarantineReason.OVER_CAP,
)


@pytest.fixture(scope="module")
def enrolled(drawn: Faces) -> Faces:
    """All synthetic people but the last two."""
    return drawn[np.flatnonzero(np.isin(drawn.labels, drawn.identities[:-2]))]


@pytest.fixture(scope="module")
def split(enrolled: Faces) -> Split:
    return split_by_condition(enrolled, parse_condition("yaw=frontal", enrolled.conditions))


@pytest.fixture(scope="module")
def trained(enrolled: Faces, split: Split) -> Faces:
    return enrolled[split.train]


@pytest.fixture(autouse=True)
def trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train one witness for each set of images: all tests enrol the same."""

    def train(enrolled: Faces) -> Witness:
        if enrolled.version not in WITNESSES:
            WITNESSES[enrolled.version] = Witness(enrolled)
        return WITNESSES[enrolled.version]

    monkeypatch.setattr(feedback_verification, "Witness", train)


def window_of(faces: Faces, labels: Sequence[str] | np.ndarray) -> Window:
    n = len(faces)
    return Window(
        images=faces.images,
        predicted=faces.labels,
        labels=np.asarray(labels, dtype="U20"),
        confidence=np.ones(n),
        versions=np.full(n, "1"),
        times=np.arange(n),
    )


def reasons(result: FeedbackVerification) -> dict[int, QuarantineReason]:
    return {label.row: label.reason for label in result.quarantined}


def test_honest_labels_of_turned_heads_are_plausible(
    enrolled: Faces, split: Split, trained: Faces
) -> None:
    held_out = enrolled[np.concatenate([split.test, split.drifted])]
    result = verify_feedback(window_of(held_out, held_out.labels), trained, LIMITS)
    assert result.labelled == len(held_out)
    assert IMPLAUSIBLE not in reasons(result).values()


def test_an_attackers_labels_are_quarantined_among_honest_ones(
    drawn: Faces, enrolled: Faces, split: Split, trained: Faces
) -> None:
    attacker = np.flatnonzero(drawn.labels == drawn.identities[-1])[:6]
    honest = enrolled[split.drifted[::2]]
    faces = Faces(
        np.concatenate([honest.images, drawn.images[attacker]]),
        np.concatenate([honest.labels, drawn.labels[attacker]]),
        drawn.conditions.iloc[: len(honest) + 6],
        "synthetic",
    )
    victim = drawn.identities[3]
    window = window_of(faces, [*honest.labels, *[victim] * 6])
    result = verify_feedback(window, trained, LIMITS)
    attack = {row: reasons(result).get(row) for row in range(len(honest), len(faces))}
    assert set(attack.values()) == {IMPLAUSIBLE}
    assert all(label.similarity is not None and label.similarity < 0.5
               for label in result.quarantined if label.row in attack)  # fmt: skip
    verified = result.verified(window)
    assert not verified.labelled[len(honest) :].any()
    assert (verified.labels[: len(honest)] == honest.labels).all()


def test_wrong_labels_of_enrolled_people_are_implausible(
    enrolled: Faces, split: Split, trained: Faces
) -> None:
    faces = enrolled[split.test]
    people = enrolled.identities
    wrong = [people[(people.index(label) + 1) % len(people)] for label in faces.labels]
    result = verify_feedback(window_of(faces, wrong), trained, LIMITS)
    assert result.counts == {"implausible": len(faces)}
    assert result.learnable == 0


def test_people_who_are_not_enrolled_cannot_be_verified(
    drawn: Faces, enrolled: Faces, split: Split, trained: Faces
) -> None:
    faces = enrolled[split.test[:2]]
    window = window_of(faces, ["somebody new", ""])
    result = verify_feedback(window, trained, LIMITS)
    assert result == FeedbackVerification(1, (QuarantinedLabel(0, NOT_ENROLLED, None),))
    assert not result.verified(window).labelled.any()


def test_the_witness_never_learns_from_feedback(
    drawn: Faces, enrolled: Faces, split: Split
) -> None:
    """Impostor's images that were learned before do not make more of them plausible."""
    attacker = np.flatnonzero(drawn.labels == drawn.identities[-1])
    victim = drawn.identities[3]
    extended, poisoned = add_labelled_faces(
        enrolled, split, drawn.images[attacker[:4]], np.repeat(victim, 4)
    )
    window = window_of(drawn[attacker[4:]], [victim] * 4)
    trained = extended[poisoned.train]
    assert (trained.origins != "").sum() == 4
    result = verify_feedback(window, trained, LIMITS)
    assert result == verify_feedback(window, enrolled[split.train], LIMITS)
    assert result.counts == {"implausible": 4}


def test_labels_of_one_person_are_capped_and_the_most_similar_are_learned(
    enrolled: Faces, split: Split, trained: Faces
) -> None:
    person = trained.labels[0]
    others = enrolled[split.test[enrolled.labels[split.test] != person]]
    own = enrolled.images[split.train[trained.labels == person]]
    flood = np.concatenate([np.clip(own + shift, 0, 1) for shift in (0.01, 0.02, 0.03, 0.04)])
    faces = Faces(
        np.concatenate([others.images, flood]).astype(np.float32),
        np.concatenate([others.labels, np.repeat(person, len(flood))]),
        enrolled.conditions.iloc[np.zeros(len(others) + len(flood), dtype=int)],
        "synthetic",
    )
    window = window_of(faces, faces.labels)
    limits = FeedbackLimits(minimum_similarity=-1, maximum_share=0.1)
    result = verify_feedback(window, trained, limits)
    learned = result.usable(window)
    assert (learned.labels == person).sum() == 3, "10 % of the labels, but at least 3"
    assert set(reasons(result).values()) == {OVER_CAP}
    assert result.verified(window).labelled.all(), "they still count as evidence"
    again = verify_feedback(window, trained, limits)
    assert again == result


def test_learned_labels_of_a_person_never_outnumber_the_enrolled_images(
    enrolled: Faces, split: Split
) -> None:
    person = enrolled.labels[split.train[0]]
    own = enrolled.images[split.train[enrolled.labels[split.train] == person]]
    faces, extended = enrolled, split
    for shift in (0.01, 0.02):
        images = np.clip(own + np.float32(shift), 0, 1).astype(np.float32)
        window = window_of(
            Faces(images, np.repeat(person, len(own)), enrolled.conditions[: len(own)], ""),
            [person] * len(own),
        )
        limits = FeedbackLimits(minimum_similarity=-1, maximum_share=1.0)
        usable = verify_feedback(window, faces[extended.train], limits).usable(window)
        learned = usable[np.flatnonzero(usable.labelled)]
        faces, extended = add_labelled_faces(faces, extended, learned.images, learned.labels)
    origins = faces.origins[extended.train][faces.labels[extended.train] == person]
    assert (origins != "").sum() == (origins == "").sum() == len(own)


def test_without_labels_nothing_is_quarantined(enrolled: Faces, trained: Faces) -> None:
    window = window_of(enrolled[range(5)], [""] * 5)
    assert verify_feedback(window, trained, LIMITS) == FeedbackVerification(0)


def test_the_quarantine_is_described_by_reason() -> None:
    assert describe_quarantine({"implausible": 3, "over_cap": 1}) == "3 implausible, 1 over cap"
    assert describe_quarantine({}) == ""
