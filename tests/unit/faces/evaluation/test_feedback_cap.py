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


@pytest.mark.parametrize(
    ("enrolled", "learned", "allowed"), [(2, 0, 2), (2, 1, 1), (2, 3, 0), (4, 0, 4), (5, 1, 4)]
)
def test_the_most_similar_faces_are_learned_up_to_the_number_of_enrolled_images(
    drawn: Faces, enrolled: int, learned: int, allowed: int
) -> None:
    trained = trained_on(drawn, enrolled, learned)
    labels, similarities = np.repeat(trained.labels[:1], 6), np.linspace(0.6, 0.9, 6)
    over = labels_over_cap(labels, similarities, trained, 1.0)
    assert over.tolist() == [True] * (6 - allowed) + [False] * allowed


def test_a_small_share_of_a_window_still_allows_four_labels(drawn: Faces) -> None:
    trained = trained_on(drawn, enrolled=8, learned=0)
    labels, similarities = np.repeat(trained.labels[:1], 6), np.linspace(0.6, 0.9, 6)
    over = labels_over_cap(labels, similarities, trained, 0.1)
    assert int((~over).sum()) == MIN_LABELS_PER_PERSON
