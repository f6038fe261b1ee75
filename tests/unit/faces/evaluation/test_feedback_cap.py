import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.evaluation.feedback_cap import MIN_LABELS_PER_PERSON, labels_over_cap


def trained_on(drawn: Faces, enrolled: int, learned: int) -> Faces:
    """One person, with enrolled images and images learned from feedback."""
    rows = np.flatnonzero(drawn.labels == drawn.identities[0])[: enrolled + learned]
    faces = drawn[rows]
    origins = np.array([""] * enrolled + ["window"] * learned)
    return Faces(faces.images, faces.labels, faces.conditions, "synthetic", origins=origins)


def learned_labels(trained: Faces, proven: bool, count: int = 6) -> int:
    labels = np.repeat(trained.labels[:1], count)
    over = labels_over_cap(
        labels, np.linspace(0.6, 0.9, count), np.full(count, proven), trained, 1.0
    )
    assert (np.diff(over.astype(int)) <= 0).all(), "the most similar faces are learned"
    return int((~over).sum())


@pytest.mark.parametrize(("enrolled", "learned"), [(2, 0), (2, 1), (2, 3), (4, 0), (5, 1)])
def test_the_cap_on_all_labels_of_a_person(drawn: Faces, enrolled: int, learned: int) -> None:
    trained = trained_on(drawn, enrolled, learned)
    assert learned_labels(trained, proven=False) == max(0, enrolled - learned)
    assert learned_labels(trained, proven=True) == max(enrolled, MIN_LABELS_PER_PERSON) - learned


def test_an_unproven_sender_cannot_outnumber_the_enrolled_images(drawn: Faces) -> None:
    trained = trained_on(drawn, enrolled=2, learned=0)
    labels = np.repeat(trained.labels[:1], 4)
    similarities = np.array([0.9, 0.8, 0.7, 0.6])
    proven = np.array([True, True, False, True])
    over = labels_over_cap(labels, similarities, proven, trained, 1.0)
    assert over.tolist() == [False, False, True, False]
