import numpy as np
import pytest

from faces.evaluation import witness
from faces.evaluation.witness import ANONYMOUS, average_by_sender, choose_enrolled

VECTORS = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])
SIMILARITIES = np.array([0.9, 0.3, -0.3, 0.1])


def anonymous(n: int) -> np.ndarray:
    return np.repeat(ANONYMOUS, n)


def test_a_face_is_assessed_together_with_similar_faces_of_the_same_label() -> None:
    labels = np.array(["a", "a", "a", "b"])
    averages = average_by_sender(SIMILARITIES, VECTORS, labels, anonymous(4))
    assert averages == pytest.approx([0.6, 0.3, 0.0, 0.1])


def test_at_most_five_similar_faces_count() -> None:
    vectors = np.array([[1.0, 0.0]] * 5 + [[0.9, np.sqrt(0.19)]] * 4 + [[1.0, 0.0]])
    similarities = np.array([1.0] * 5 + [-1.0] * 4 + [1.0])
    averages = average_by_sender(similarities, vectors, np.repeat("a", 10), anonymous(10))
    assert averages[0] == 1.0


def test_labels_of_other_senders_do_not_help() -> None:
    senders = np.array(["ada", "eve", "eve", "eve"])
    averages = average_by_sender(SIMILARITIES, VECTORS, np.repeat("a", 4), senders)
    assert averages[0] == pytest.approx(0.9)
    assert averages[1] == pytest.approx(0.1 / 3)


def test_all_labels_of_a_known_sender_about_a_person_count() -> None:
    similarities, vectors = np.array([0.9, 0.3]), np.array([[1.0, 0.0], [0.0, 1.0]])
    labels, ada = np.repeat("a", 2), np.repeat("ada", 2)
    assert average_by_sender(similarities, vectors, labels, ada) == pytest.approx([0.6, 0.3])
    averages = average_by_sender(similarities, vectors, labels, anonymous(2))
    assert averages == pytest.approx([0.9, 0.3]), "they may come from two people"


def test_of_many_enrolled_people_the_witness_knows_those_it_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = np.tile([f"person-{number:03d}" for number in range(100)], 6)
    monkeypatch.setattr(witness, "MAX_IMAGES", len(labels))
    everybody = choose_enrolled(labels, np.array(["person-007"]))
    assert everybody.tolist() == list(range(600))

    monkeypatch.setattr(witness, "MAX_IMAGES", 60)
    rows = choose_enrolled(labels, np.array(["person-007", "not enrolled", ""]))
    people, counts = np.unique(labels[rows], return_counts=True)
    assert "person-007" in people
    assert (len(people), set(counts.tolist())) == (10, {6})
    assert people[-1] > "person-090", "the other people are evenly spread"

    rows = choose_enrolled(labels, labels)
    assert np.unique(labels[rows], return_counts=True)[1].tolist() == [2] * 100
