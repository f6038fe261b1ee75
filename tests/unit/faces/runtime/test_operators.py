import numpy as np
import pytest

from faces.runtime import operators
from faces.runtime.operators import l2_normalize, nearest_per_class, relu, softmax


def test_l2_normalize_scales_rows_to_length_one_and_keeps_rows_of_zeros() -> None:
    rows = np.array([[3, 4], [0, 0]], np.float32)
    assert np.allclose(l2_normalize(rows, {}), [[0.6, 0.8], [0.0, 0.0]])


def test_relu_replaces_negative_values() -> None:
    assert relu(np.array([[-1, 0, 2]], np.float32), {}).tolist() == [[0, 0, 2]]


def test_softmax_rows_add_up_to_one_even_for_large_logits() -> None:
    probabilities = softmax(np.array([[1000, 0], [0, 0]], np.float32), {})
    assert np.allclose(probabilities, [[1.0, 0.0], [0.5, 0.5]])


def test_nearest_per_class_is_the_negative_distance_to_the_nearest_row_of_each_class() -> None:
    rows = np.array([[0, 0], [3, 4], [10, 0]], np.float32)
    values = np.array([[0, 0], [10, 1]], np.float32)
    distances = nearest_per_class(values, rows, np.array([0, 2]))
    assert np.allclose(distances, [[0, -10], [-np.hypot(7, 3), -1]])


def test_nearest_per_class_is_the_same_in_blocks_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    rows, values = (rng.normal(size=(n, 5)).astype(np.float32) for n in (40, 3))
    starts = np.array([0, 1, 2, 30, 31])  # one class has more rows than a block
    expected = operators.nearest_per_class(values, rows, starts)
    for numbers in (1, 25, 60, 155):
        monkeypatch.setattr(operators, "BLOCK_NUMBERS", numbers)
        assert np.allclose(operators.nearest_per_class(values, rows, starts), expected, atol=1e-6)
