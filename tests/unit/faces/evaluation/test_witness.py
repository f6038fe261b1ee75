import numpy as np
import pytest

from faces.evaluation.witness import average_over_similar

VECTORS = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])


def test_a_face_is_assessed_together_with_similar_faces_of_the_same_label() -> None:
    labels = np.array(["a", "a", "a", "b"])
    averages = average_over_similar(np.array([0.9, 0.3, -0.3, 0.1]), VECTORS, labels)
    assert averages == pytest.approx([0.6, 0.3, 0.0, 0.1])


def test_at_most_five_similar_faces_count() -> None:
    vectors = np.array([[1.0, 0.0]] * 5 + [[0.9, np.sqrt(0.19)]] * 4 + [[1.0, 0.0]])
    similarities = np.array([1.0] * 5 + [-1.0] * 4 + [1.0])
    averages = average_over_similar(similarities, vectors, np.repeat("a", 10))
    assert averages[0] == 1.0
