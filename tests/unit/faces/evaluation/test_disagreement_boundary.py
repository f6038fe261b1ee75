import numpy as np
import pytest

from faces.evaluation.disagreement_boundary import boundary, is_worse


def crossing_probability(limits: np.ndarray, p_lost: float) -> float:
    """Follow the distribution of the losses, without those that reached a limit."""
    losses, crossed = {0: 1.0}, 0.0
    for limit in limits.tolist():
        following: dict[int, float] = {}
        for lost, probability in losses.items():
            following[lost] = following.get(lost, 0) + probability * (1 - p_lost)
            following[lost + 1] = following.get(lost + 1, 0) + probability * p_lost
        crossed += sum(p for lost, p in following.items() if lost >= limit)
        losses = {lost: p for lost, p in following.items() if lost < limit}
    return crossed


@pytest.mark.parametrize("level", [0.01, 0.018, 0.1])
def test_a_candidate_that_is_no_worse_rarely_ever_loses_too_often(level: float) -> None:
    limits = boundary(level, 256)
    assert 0.9 * level < crossing_probability(limits, 0.5) <= level
    assert crossing_probability(limits, 0.45) < 0.6 * level


def test_a_candidate_that_loses_six_of_seven_disagreements_is_found() -> None:
    limits = boundary(0.018, 256)
    assert crossing_probability(limits[:12], 6 / 7) > 0.5
    assert crossing_probability(limits, 6 / 7) > 0.999


def test_seven_losses_of_seven_and_nine_of_ten_are_too_many() -> None:
    lost, gained, equal = (np.full(n, value, np.int8) for n, value in ((7, -1), (1, 1), (50, 0)))
    assert is_worse(np.concatenate([equal, lost]), 0.018)
    assert not is_worse(np.concatenate([equal, lost[:6]]), 0.018)
    assert is_worse(np.concatenate([gained, equal, lost, lost[:2]]), 0.018)
    assert not is_worse(np.concatenate([gained, equal, lost, lost[:1]]), 0.018)
    assert not is_worse(equal, 0.018)


def test_what_was_found_stays_found_and_earlier_limits_do_not_depend_on_later_ones() -> None:
    lost, gained = np.full(9, -1, np.int8), np.full(400, 1, np.int8)
    assert is_worse(np.concatenate([lost, gained]), 0.018)
    assert np.array_equal(boundary(0.018, 512)[:256], boundary(0.018, 256))
