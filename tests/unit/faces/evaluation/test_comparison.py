import numpy as np
import pytest
from scipy.stats import binom

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


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (8, 1), (5, 5), (2, 12)])
def test_mcnemar_against_the_binomial_distribution(gained: int, lost: int) -> None:
    n, k = gained + lost, min(gained, lost)
    expected = min(1.0, 2 * binom.cdf(k, n, 0.5)) if n else 1.0
    assert Comparison(100, 50, 50, gained, lost).p_value == pytest.approx(expected)
