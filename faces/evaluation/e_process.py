"""E-processes for the comparison of two versions on the same faces, one face after the other.

An e-process is the wealth of somebody who bets against a hypothesis. If the hypothesis holds, the
probability that it ever reaches 1/level is at most the level (Ville's inequality), however often
one looks. Bets are mixed over several sizes. See Ramdas et al., Game-theoretic statistics and safe
anytime-valid inference, Statistical Science 38, 2023.
"""

import numpy as np
from numpy.typing import NDArray

REFUSAL_BETS = (0.7, 0.9)
SAFETY_BETS = (0.3, 0.6, 0.9)
"""Shares of the wealth that are bet on one face; large ones pay if the difference is clear."""

Outcomes = NDArray[np.int8]
"""By face: 1 if only the candidate is right, -1 if only the other version is, else 0."""


def safety(outcomes: Outcomes, margin: float) -> float:
    """Bet against "the candidate's accuracy is lower by the margin, or more".

    Args:
        outcomes: In order of time, (n,).
        margin: The loss of accuracy, in (0, 1).

    Returns:
        The natural logarithm of the largest wealth so far.
    """
    return _largest_wealth(1 + np.outer(SAFETY_BETS, outcomes + margin))


def refusals(candidate_only: NDArray[np.bool_]) -> float:
    """Bet against "the candidate refuses no more faces of this person than the other version".

    Args:
        candidate_only: Of the faces that exactly one version refuses, in order of time: whether it
            is the candidate, (n,).

    Returns:
        The natural logarithm of the largest wealth so far.
    """
    return _largest_wealth(1 + np.outer(REFUSAL_BETS, np.where(candidate_only, 1, -1)))


def _largest_wealth(factors: NDArray[np.float64]) -> float:
    """Mix the wealth of k bets, factors (k, n), and return the logarithm of its maximum."""
    bets, faces = factors.shape
    if not faces:
        return 0.0
    wealth = np.logaddexp.reduce(np.cumsum(np.log(factors), axis=1), axis=0)
    return max(0.0, float(wealth.max() - np.log(bets)))
