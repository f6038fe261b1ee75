import numpy as np
import pytest

from faces.drift.betting import Rank, bet, e_values, evidence, no_capital, rank_of_last


@pytest.mark.parametrize("of", [2, 3, 7, 200])
def test_no_bet_wins_on_average_if_ranks_are_uniform(of: int) -> None:
    mean = np.mean([e_values(Rank(above, 1, of, min(of - 1, 6))) for above in range(of)], axis=0)
    assert (mean <= 1).all()
    assert (mean > 0.85).all(), "and hardly loses"


def test_ties_share_their_ranks() -> None:
    assert rank_of_last(np.array([3.0, 1.0, 2.0, 2.0]), 3) == Rank(1, 2, 4, 3)
    separate = [e_values(Rank(above, 1, 4, 3)) for above in (1, 2)]
    np.testing.assert_allclose(e_values(Rank(1, 2, 4, 3)), np.mean(separate, axis=0))


def test_evidence_starts_at_one_and_small_ranks_raise_it() -> None:
    capital = no_capital()
    assert evidence(capital, 0) == 1
    for face in range(10):
        capital = bet(capital, face, e_values(Rank(0, 1, 7, 6)))
    assert evidence(capital, 10) > 100


def test_a_change_after_many_faces_is_still_found() -> None:
    capital = no_capital()
    for face in range(2000):
        capital = bet(capital, face, e_values(Rank(face % 20, 1, 20, 6)))
    assert evidence(capital, 2000) < 1
    for face in range(2000, 2015):
        capital = bet(capital, face, e_values(Rank(0, 1, 20, 6)))
    assert evidence(capital, 2015) > 100


def test_uniform_ranks_rarely_reach_the_alarm() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        capital, peak = no_capital(), 0.0
        for face in range(100):
            capital = bet(capital, face, e_values(Rank(int(rng.integers(7)), 1, 7, 6)))
            peak = max(peak, evidence(capital, face + 1))
        alarms += peak >= 20
    assert alarms <= 17, "at most 5 %, with the 99 % quantile of 200 streams"
