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


def rank_rows(values: Rows, others: NDArray[np.bool_], training: int) -> list[Rank]:
    """Return the rank of one value in each row.

    Args:
        values: Values (k, n), of which the last k on the diagonal are ranked: the last one of the
            first n - k + 1 in the first row, and so on.
        others: Which of the values each is ranked among, itself included, (k, n).
        training: Number of them that belong to training images.
    """
    own = values.diagonal(values.shape[1] - len(values))[:, None]
    larger = ((values > own + 1e-9) & others).sum(axis=1)
    not_smaller = ((values >= own - 1e-9) & others).sum(axis=1)
    counts = np.stack([larger, not_smaller - larger, others.sum(axis=1)], axis=1)
    return [Rank(above, equal, of, training) for above, equal, of in counts.tolist()]


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
    """Before each face, stake what is due on a change, and let all stakes win or lose.

    Args:
        capital: Capital of each bet before the first face (k,).
        faces: Number of faces before these.
        factors: What each face multiplies the stakes by, (n, k).

    Returns:
        The capital after each face (n, k).
    """
    stakes = -np.diff(_reserve(faces + np.arange(len(factors) + 1)))
    after = np.empty_like(factors)
    for face, (stake, factor) in enumerate(zip(stakes, factors, strict=True)):
        capital = np.minimum((capital + stake) * factor, MAX_CAPITAL)
        after[face] = capital
    return after


def evidence(capital: Rows, faces: NDArray[np.int64]) -> Rows:
    """Return the evidence of a change: the mean capital, with what is not staked yet.

    Args:
        capital: Capital of each bet at several moments (n, k).
        faces: Number of faces until then (n,).

    Returns:
        At each moment, (n,): 1 at first. Without a change it ever reaches 1/α with a probability of
        at most α.
    """
    return np.asarray(capital.mean(axis=1) + _reserve(faces))


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


def _reserve(faces: NDArray[np.int64]) -> Rows:
    """Return the prior probability that the change comes after these numbers of faces, (n,)."""
    return np.where(faces > 0, (1 - AT_ONCE) / (1 + (faces - 1) / SPAN), 1.0)
