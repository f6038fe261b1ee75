from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces
from faces.data.split import Split, split_by_condition
from faces.data.window import Window, concatenate
from faces.evaluation import feedback_verification
from faces.evaluation.feedback_verification import (
    UNPROVEN_MARGIN,
    FeedbackLimits,
    FeedbackVerification,
    QuarantinedLabel,
    QuarantineReason,
    describe_quarantine,
    describe_senders,
    verify_feedback,
)
from faces.evaluation.witness import Witness

WITNESSES: dict[str, Witness] = {}
LIMITS = FeedbackLimits(minimum_similarity=0.4, maximum_share=0.5)
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


def window_of(
    faces: Faces, labels: Sequence[str] | np.ndarray, senders: np.ndarray | None = None
) -> Window:
    n = len(faces)
    return Window(
        images=faces.images,
        predicted=faces.labels,
        labels=np.asarray(labels, dtype="U20"),
        confidence=np.ones(n),
        versions=np.full(n, "1"),
        times=np.arange(n),
        senders=senders,  # type: ignore[arg-type]
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


def attack(
    drawn: Faces, enrolled: Faces, split: Split, images: int, sender: str
) -> tuple[Window, np.ndarray]:
    """A window with honest labels, and an attacker's; and which are the attacker's."""
    own = drawn[np.flatnonzero(drawn.labels == drawn.identities[-1])[:images]]
    honest = enrolled[split.drifted[::2]]
    faces = Faces(
        np.concatenate([honest.images, own.images]),
        np.concatenate([honest.labels, own.labels]),
        drawn.conditions.iloc[: len(honest) + images],
        "synthetic",
    )
    is_attack = np.arange(len(faces)) >= len(honest)
    labels = np.where(is_attack, drawn.identities[3], faces.labels)
    return window_of(faces, labels, np.where(is_attack, sender, "ada")), is_attack


def test_a_record_names_the_sender_and_others_are_not_affected(
    drawn: Faces, enrolled: Faces, split: Split, trained: Faces
) -> None:
    window, is_attack = attack(drawn, enrolled, split, 6, "eve")
    result = verify_feedback(window, trained, LIMITS)
    assert {label.row for label in result.quarantined} == set(np.flatnonzero(is_attack))
    assert {label.sender for label in result.quarantined} == {"eve"}
    assert result.senders == {"eve": 6}
    assert describe_senders(result.senders) == "6 from eve"


def test_plausible_labels_of_an_untrusted_sender_are_quarantined(
    drawn: Faces, enrolled: Faces, split: Split, trained: Faces
) -> None:
    window, is_attack = attack(drawn, enrolled, split, 6, "eve")
    also = np.flatnonzero(window.labels != window.labels[is_attack][0])[:4]
    window.senders[also] = "eve"
    found = reasons(verify_feedback(window, trained, LIMITS))
    assert {found[row] for row in also} == {QuarantineReason.UNTRUSTED_SENDER}
    window.senders[is_attack] = "mallory"
    found = reasons(verify_feedback(window, trained, LIMITS))
    assert QuarantineReason.UNTRUSTED_SENDER not in {found.get(row) for row in also}


def test_earlier_labels_are_evidence_about_their_sender_only(
    drawn: Faces, enrolled: Faces, split: Split, trained: Faces
) -> None:
    window, is_attack = attack(drawn, enrolled, split, 6, "eve")
    earlier, honest = window[is_attack], window[~is_attack]
    earlier = concatenate([earlier, earlier])
    honest = honest[honest.labels != earlier.labels[0]]
    for sender, expected in (("eve", len(honest)), ("ada", 0)):
        sent = replace(honest, senders=np.repeat(sender, len(honest)))
        found = reasons(verify_feedback(sent, trained, LIMITS, earlier)).values()
        assert list(found).count(QuarantineReason.UNTRUSTED_SENDER) == expected


def test_a_new_sender_needs_a_more_similar_face_until_five_people_are_labelled(
    enrolled: Faces, split: Split, trained: Faces
) -> None:
    turned = enrolled[split.drifted]
    window = window_of(turned, turned.labels, np.repeat("ada", len(turned)))
    alone = window[:1]
    strictest = verify_feedback(alone, trained, FeedbackLimits(1.0, 1.0))
    similarity = strictest.quarantined[0].similarity
    assert similarity is not None
    limits = FeedbackLimits(similarity - 0.01, 1.0)
    found = reasons(verify_feedback(alone, trained, limits))
    assert found == {0: QuarantineReason.UNPROVEN_SENDER}
    assert reasons(verify_feedback(alone, trained, limits, window[1:])).get(0) != found[0]
    similar_enough = FeedbackLimits(similarity - UNPROVEN_MARGIN - 0.01, 1.0)
    assert verify_feedback(alone, trained, similar_enough).quarantined == ()
    anonymous = replace(alone, senders=np.array([""]))
    assert verify_feedback(anonymous, trained, limits).quarantined == ()


@pytest.mark.parametrize("sender", ["", "ada"])
def test_labels_never_outnumber_the_enrolled_images_of_a_person(
    enrolled: Faces, trained: Faces, sender: str
) -> None:
    person = trained.labels[0]
    own = np.flatnonzero(trained.labels == person)
    few = trained[np.setdiff1d(np.arange(len(trained)), own[2:])]
    sent = enrolled[np.flatnonzero(enrolled.labels == person)[:4]]
    others = trained[np.flatnonzero(trained.labels != person)]
    images = np.concatenate([sent.images, others.images])
    labels = np.concatenate([sent.labels, others.labels])
    conditions = enrolled.conditions.iloc[np.zeros(len(labels), dtype=int)]
    faces = Faces(images, labels, conditions, "synthetic")
    window = window_of(faces, labels, np.repeat(sender, len(labels)))
    usable = verify_feedback(window, few, FeedbackLimits(-1, 1.0)).usable(window)
    assert (usable.labels == person).sum() == 2


def test_a_person_never_has_more_learned_than_enrolled_images_over_all_windows(
    drawn: Faces, enrolled: Faces, split: Split
) -> None:
    """Each window sends all images of a person again, slightly changed."""
    person = str(enrolled.labels[split.train[0]])
    own = enrolled[np.flatnonzero(enrolled.labels == person)]
    faces, extended = enrolled, split
    count = int((enrolled.labels[split.train] == person).sum())
    learned = []
    for number in range(4):
        images = own.images * np.float32(0.99 - 0.01 * number)
        window = window_of(replace(own, images=images), own.labels)
        usable = verify_feedback(window, faces[extended.train], LIMITS).usable(window)
        part = usable[usable.labelled]
        faces, extended = add_labelled_faces(faces, extended, part.images, part.labels)
        trained = faces[extended.train]
        learned.append(int(((trained.labels == person) & (trained.origins != "")).sum()))
        assert int(((trained.labels == person) & (trained.origins == "")).sum()) == count
    assert learned[-1] == count
    assert max(learned) <= count
