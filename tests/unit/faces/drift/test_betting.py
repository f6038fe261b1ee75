import numpy as np
import pytest

from faces.drift.betting import Rank, bet, e_values, evidence, no_capital, rank_rows


@pytest.mark.parametrize("of", [2, 3, 7, 200])
def test_no_bet_wins_on_average_if_ranks_are_uniform(of: int) -> None:
    mean = np.mean([e_values(Rank(above, 1, of, min(of - 1, 6))) for above in range(of)], axis=0)
    assert (mean <= 1).all()
    assert (mean > 0.85).all(), "and hardly loses"


def test_ties_share_their_ranks() -> None:
    values = np.array([[3.0, 1.0, 2.0, 2.0]])
    assert rank_rows(values, np.ones((1, 4), dtype=bool), 3) == [Rank(1, 2, 4, 3)]
    separate = [e_values(Rank(above, 1, 4, 3)) for above in (1, 2)]
    np.testing.assert_allclose(e_values(Rank(1, 2, 4, 3)), np.mean(separate, axis=0))


def test_values_are_ranked_among_those_that_count() -> None:
    values = np.array([[5.0, 1.0, 2.0, 9.0], [5.0, 1.0, 9.0, 3.0]])
    others = np.array([[True, True, True, False], [False, True, True, True]])
    assert rank_rows(values, others, 1) == [Rank(1, 1, 3, 1), Rank(1, 1, 3, 1)]


def watch(ranks: list[Rank]) -> np.ndarray:
    """Return the evidence after each face."""
    factors = np.array([e_values(rank) for rank in ranks])
    return evidence(bet(no_capital(), 0, factors), 1 + np.arange(len(ranks)))


def test_evidence_starts_at_one_and_small_ranks_raise_it() -> None:
    assert evidence(no_capital()[None], np.array([0])) == [1]
    assert watch([Rank(0, 1, 7, 6)] * 10)[-1] > 100


def test_capital_is_the_same_in_one_run_or_in_several() -> None:
    factors = np.array([e_values(Rank(face % 7, 1, 7, 6)) for face in range(20)])
    once = bet(no_capital(), 0, factors)
    twice = bet(bet(no_capital(), 0, factors[:7])[-1], 7, factors[7:])
    assert np.array_equal(once[7:], twice)


def test_a_change_after_many_faces_is_still_found() -> None:
    usual = [Rank(face % 20, 1, 20, 6) for face in range(2000)]
    found = watch([*usual, *[Rank(0, 1, 20, 6)] * 15])
    assert found[1999] < 1
    assert found[-1] > 100


def test_uniform_ranks_rarely_reach_the_alarm() -> None:
    rng = np.random.default_rng(0)
    ranks = [[Rank(int(above), 1, 7, 6) for above in rng.integers(7, size=100)] for _ in range(200)]
    alarms = sum(watch(stream).max() >= 20 for stream in ranks)
    assert alarms <= 17, "at most 5 %, with the 99 % quantile of 200 streams"
