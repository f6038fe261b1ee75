"""Bets against exchangeability, and the evidence that they add up to.

If images of a person are exchangeable, the rank of a new one among those before it is uniform, and
independent of the earlier ranks. A bet on small ranks then neither wins nor loses on average, so
that the capital of a gambler is a test martingale: the probability that it ever reaches 1/α is at
most α (Ville 1939; Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2022).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from faces.drift.identity_centering import Rows

SHARES, EXPONENTS = (grid.ravel() for grid in np.meshgrid((0.15, 0.4, 0.8), (0.1, 0.3)))
"""Each bet: the share of faces that it assumes to have changed, and how small their ranks are."""

CONTAMINATION = 0.015
"""Share of faces whose rank may be the smallest without drift: some are named as somebody else."""

AT_ONCE = 0.5
"""Prior probability that the change is there from the first face on."""

SPAN = 50.0
"""Faces until half of the other changes are assumed to have happened."""

MAX_CAPITAL = 1e100


class Rank(NamedTuple):
    """Rank of a value among values that include it, the largest first.

    Attributes:
        above: Number of values that are larger.
        equal: Number of values that are equal, itself included.
        of: Number of all values.
        training: Number of these that belong to training images.
    """

    above: int
    equal: int
    of: int
    training: int


def rank_of_last(values: NDArray[np.float64], training: int) -> Rank:
    """Return the rank of the last value.

    Args:
        values: Values (n,), n > 0.
        training: Number of values that belong to training images.
    """
    above = int((values > values[-1] + 1e-9).sum())
    equal = int((np.abs(values - values[-1]) <= 1e-9).sum())
    return Rank(above, equal, len(values), training)


@lru_cache(maxsize=10_000)
def e_values(rank: Rank) -> Rows:
    """Return by what each bet multiplies its stake.

    Args:
        rank: The rank, whose distribution is uniform unless something changed.

    Returns:
        Factors (k,), read-only, whose mean over all ranks is 1, or less because of
        `CONTAMINATION`.
    """
    low, high = rank.above / rank.of, (rank.above + rank.equal) / rank.of
    fair = (_cumulative(high) - _cumulative(low)) / (high - low)
    share = _contamination(rank)
    factors = np.asarray(fair / (1 - share + share * rank.of * _cumulative(1 / rank.of)))
    factors.flags.writeable = False
    return factors


def no_capital() -> Rows:
    """Return the capital of each bet before the first face: nothing is staked yet, (k,)."""
    return np.zeros(len(SHARES))


def bet(capital: Rows, faces: int, factors: Rows) -> Rows:
    """Stake what is due on a change before this face, and let all stakes win or lose.

    Args:
        capital: Capital of each bet (k,).
        faces: Number of faces before this one.
        factors: What the stakes are multiplied by, (k,).

    Returns:
        The new capital (k,).
    """
    staked = capital + _reserve(faces) - _reserve(faces + 1)
    return np.minimum(staked * factors, MAX_CAPITAL)


def evidence(capital: Rows, faces: int) -> float:
    """Return the evidence of a change: the mean capital, with what is not staked yet.

    Args:
        capital: Capital of each bet (k,).
        faces: Number of faces.

    Returns:
        1 at first. Without a change it ever reaches 1/α with a probability of at most α.
    """
    return float(capital.mean() + _reserve(faces))


def _contamination(rank: Rank) -> float:
    """Return how much more often than uniform the smallest rank may occur without drift.

    Among the faces of production, those that are named as somebody else are exchangeable with the
    others, too. So the smallest rank is at most as frequent as among these faces alone.
    """
    new = rank.of - rank.training
    return min(CONTAMINATION, 1 / new - 1 / rank.of)


def _cumulative(rank: float) -> Rows:
    """Return the distribution functions of relative ranks that the bets assume, (k,)."""
    return np.asarray((1 - SHARES) * rank + SHARES * rank**EXPONENTS)


def _reserve(faces: int) -> float:
    """Return the prior probability that the change comes after this number of faces."""
    return (1 - AT_ONCE) / (1 + (faces - 1) / SPAN) if faces else 1.0
