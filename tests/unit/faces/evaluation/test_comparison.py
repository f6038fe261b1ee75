import numpy as np
import pytest

from faces.evaluation.comparison import Comparison, compare_predictions


def test_models_are_compared_image_by_image() -> None:
    labels = np.array(["ada", "ada", "bob", "bob"])
    comparison = compare_predictions(
        labels,
        candidate=np.array(["ada", "bob", "bob", "bob"]),
        production=np.array(["bob", "ada", "bob", "ada"]),
    )
    assert comparison == Comparison(images=4, candidate=3, production=2, gained=2, lost=1)
    assert comparison.difference == 0.25


def test_the_paired_interval_covers_the_true_difference_nine_times_in_ten() -> None:
    rng = np.random.default_rng(0)
    outcomes = rng.multinomial(72, [0.02, 0.08, 0.9], size=4000)
    low, high = np.array(
        [Comparison(72, 0, 0, gained, lost).interval for gained, lost, _ in outcomes]
    ).T
    assert 0.88 < ((low <= -0.06) & (high >= -0.06)).mean() < 0.95


def test_comparisons_add_up() -> None:
    total = Comparison(4, 3, 2, 2, 1) + Comparison(10, 9, 10, 0, 1)
    assert total == Comparison(14, 12, 12, 2, 2)
    assert total.interval[0] == pytest.approx(-total.interval[1])
