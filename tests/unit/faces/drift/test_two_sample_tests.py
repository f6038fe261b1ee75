"""Statistical tests: compared with independent implementations, false-alarm rates and power."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from faces.drift.accuracy import accuracy_test
from faces.drift.confidence import confidence_test
from faces.drift.detectors.mmd import mmd_test
from faces.drift.detectors.moments import TAIL_WEIGHT, moments_test
from faces.drift.ks import ks_columns

TESTS = [mmd_test, moments_test]


def rows(seed: int, n: int, shift: float = 0.0, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, spread, (n, 3))


def test_mmd_equals_its_definition() -> None:
    reference, window = rows(1, 12), rows(2, 7, 0.5)
    distances = [((a - b) ** 2).sum() for i, a in enumerate(reference) for b in reference[i + 1 :]]
    width = np.median(distances)

    def mean_kernel(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.mean([[np.exp(-((a - b) ** 2).sum() / width) for b in other] for a in one]))

    expected = (
        mean_kernel(reference, reference)
        + mean_kernel(window, window)
        - 2 * mean_kernel(reference, window)
    )
    assert mmd_test(reference, window)[0] == pytest.approx(expected, rel=1e-9)


def test_moments_statistic_equals_its_definition() -> None:
    reference, window = rows(1, 12), rows(2, 7, 0.5)
    both = np.vstack([reference, window])
    white = np.linalg.svd(both - both.mean(0), full_matrices=False)[0] * np.sqrt(len(both))
    features = np.hstack([white, white**2])
    gaps = (features[:12].mean(0) - features[12:].mean(0)) / features.std(0)
    moments = (gaps**2).sum()
    assert moments_test(reference, window, tail_weight=0)[0] == pytest.approx(moments, rel=1e-6)
    distances = (white**2).sum(axis=1)
    tail = np.maximum(distances - np.quantile(distances, 0.7), 0)
    excess = max(0, (tail[12:].mean() - tail[:12].mean()) / tail.std())
    expected = moments + TAIL_WEIGHT * excess**2
    assert moments_test(reference, window)[0] == pytest.approx(expected, rel=1e-6)


def test_a_window_of_which_a_fifth_changed_is_found_by_its_tail() -> None:
    found = {0.0: 0, TAIL_WEIGHT: 0}
    for seed in range(10):
        changed = rows(seed + 1000, 10) + 1.3 * np.random.default_rng(seed).choice([-1, 1], (10, 3))
        window = np.vstack([rows(seed + 2000, 40), changed])
        for weight in found:
            p_value = moments_test(rows(seed, 100), window, permutations=199, tail_weight=weight)[1]
            found[weight] += p_value <= 0.01
    assert found[TAIL_WEIGHT] > found[0.0]


def test_rows_of_unknown_faces_are_not_part_of_the_tail() -> None:
    reference, window = rows(1, 60), rows(2, 25)
    known = np.arange(25) >= 5
    without = moments_test(reference, window, tail_weight=0)[0]
    window[~known] *= 6
    far = moments_test(reference, window)[0] - moments_test(reference, window, tail_weight=0)[0]
    left_out = moments_test(reference, window, known=known)[0]
    assert left_out - moments_test(reference, window, tail_weight=0)[0] < far / 2
    assert without < left_out


@pytest.mark.parametrize("test", TESTS)
def test_without_a_difference_p_values_are_uniform(test) -> None:
    p_values = [
        test(rows(s, 40), rows(s + 1000, 15), permutations=199, seed=s)[1] for s in range(150)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_values) <= 0.05) < 0.11


@pytest.mark.parametrize("test", TESTS)
def test_the_p_value_grows_with_the_design_effect(test) -> None:
    reference, window = rows(1, 60), rows(2, 25, shift=0.5)
    p_values = [test(reference, window, design_effect=effect)[1] for effect in (1.0, 1.5, 3.0)]
    assert p_values[0] < p_values[1] < p_values[2]
    assert test(reference, window)[1] == p_values[0]


def test_squares_have_a_design_effect_apart() -> None:
    reference, spread, moved = rows(1, 60), rows(2, 25, spread=1.6), rows(2, 25, shift=0.5)

    def p_value(window: np.ndarray, squares: float | None) -> float:
        return moments_test(reference, window, design_effect=2.0, square_effect=squares)[1]

    assert p_value(spread, 1.0) < p_value(spread, 2.0) == p_value(spread, None)
    assert p_value(moved, 1.0) > moments_test(reference, moved)[1]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("change", [{"shift": 1.5}, {"spread": 3.0}])
def test_a_difference_in_mean_or_variance_is_detected(test, change: dict[str, float]) -> None:
    assert test(rows(1, 60), rows(2, 25, **change))[1] == pytest.approx(0.001)


@pytest.mark.parametrize("test", TESTS)
def test_the_same_seed_returns_the_same_p_value(test) -> None:
    first, second = (test(rows(1, 30), rows(2, 10), seed=3) for _ in range(2))
    assert first == second
    assert test(rows(1, 30), rows(2, 10), seed=4)[1] != first[1]


def test_p_values_of_columns_are_corrected_for_multiple_tests() -> None:
    reference, window = rows(1, 60), rows(2, 30)
    window[:, 1] += 2
    table = ks_columns(reference, window, ("a", "b", "c"), alpha=0.01)
    uncorrected = [ks_2samp(reference[:, c], window[:, c]).pvalue for c in range(3)]
    assert np.allclose(table["p_value"], np.minimum(1, 3 * np.array(uncorrected)))
    assert table["differs"].tolist() == [False, True, False]
    assert table["now"][1] == pytest.approx(window[:, 1].mean())


def test_only_a_drop_in_confidence_is_significant() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(0.5, 1.0, 80)
    lower = confidence_test(before, before[:40] - 0.3)
    assert lower.drop == pytest.approx(0.3, abs=0.1)
    assert lower.p_value < 1e-6
    higher = confidence_test(before, before[:40] + 0.3)
    assert higher.drop < 0
    assert higher.p_value > 0.99


def test_an_accuracy_drop_has_a_wilson_interval() -> None:
    before, now = np.arange(100) < 95, np.arange(30) < 18
    result = accuracy_test(before, now)
    assert (result.before, result.now) == (0.95, 0.6)
    assert (result.low, result.high) == pytest.approx((0.423, 0.754), abs=0.001)
    assert result.p_value < 1e-4
    assert accuracy_test(before, before).p_value > 0.5
