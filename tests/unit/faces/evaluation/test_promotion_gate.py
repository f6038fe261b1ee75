import numpy as np
import pytest
from scipy.stats import binom

from faces.evaluation.promotion_gate import (
    REAL,
    SYNTHETIC,
    Comparison,
    check_comparisons,
    check_metrics,
    check_people,
    compare,
)

TOLERANCES = {"baseline": 0.02, "drifted": 0.05}


def outcome(images: int, candidate: int, production: int) -> Comparison:
    gained, lost = max(0, candidate - production), max(0, production - candidate)
    return Comparison(images, candidate, production, gained, lost)


def test_models_are_compared_image_by_image() -> None:
    truth = np.array(["ada", "ada", "bob", "bob"])
    comparison = compare(
        truth,
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


@pytest.mark.parametrize("metrics", [{}, {"baseline_accuracy": float("nan")}])
def test_a_missing_metric_is_refused(metrics: dict[str, float]) -> None:
    verdict = check_metrics(metrics, ["baseline_accuracy"])
    assert verdict is not None
    assert not verdict.promoted
    assert "baseline_accuracy is missing" in verdict.reason
    assert check_metrics({"baseline_accuracy": 0.0}, ["baseline_accuracy"]) is None


@pytest.mark.parametrize(
    ("baseline", "drifted", "promoted", "reason"),
    [
        ((100, 90, 90), (100, 60, 60), True, "no worse"),
        ((100, 88, 90), (100, 55, 60), True, "no worse"),
        ((100, 87, 90), (100, 99, 60), False, "worse than production by more than 2%"),
        ((100, 99, 90), (100, 54, 60), False, "worse than production by more than 5%"),
        ((100, 90, 90), (3, 0, 3), True, "no worse"),
        ((19, 19, 0), (0, 0, 0), False, "too few images .*19 baseline, 0 drifted; 20 are needed"),
    ],
)
def test_the_candidate_may_be_no_worse_than_tolerated(
    baseline: tuple, drifted: tuple, promoted: bool, reason: str
) -> None:
    import re

    comparisons = {"baseline": outcome(*baseline), "drifted": outcome(*drifted)}
    verdict = check_comparisons(comparisons, TOLERANCES, minimum_images=20)
    assert verdict.promoted is promoted
    assert re.search(reason, verdict.reason)


def test_nothing_to_compare_is_refused() -> None:
    assert not check_comparisons({}, TOLERANCES, minimum_images=1).promoted


@pytest.mark.parametrize(
    ("candidate", "production", "kinds", "promoted"),
    [
        ({"ada", "bob"}, {"ada", "bob"}, (REAL, REAL), None),
        ({"ada", "bob", "cy"}, {"ada", "bob"}, (REAL, REAL), None),
        ({"ada"}, {"ada", "bob"}, (REAL, REAL), False),
        ({"x", "y"}, {"ada", "bob"}, (REAL, REAL), True),
        ({"ada", "bob"}, {"x", "y"}, (REAL, SYNTHETIC), True),
        ({"x", "y"}, {"ada", "bob"}, (SYNTHETIC, REAL), False),
        ({"x", "y"}, {"x", "y"}, (SYNTHETIC, SYNTHETIC), None),
    ],
)
def test_who_the_models_know_can_decide(
    candidate: set, production: set, kinds: tuple[str, str], promoted: bool | None
) -> None:
    verdict = check_people(candidate, production, candidate_is=kinds[0], production_is=kinds[1])
    assert (verdict and verdict.promoted) is promoted
