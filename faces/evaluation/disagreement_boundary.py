"""Sequential test: does a candidate lose more of its disagreements than it wins?

A candidate that is no worse loses each disagreement with a probability of at most 1/2. How many
losses are too many after each number of disagreements is fixed before the first one, so that the
exact probability that there are ever too many is at most the level. The level is spent as in Lan
and DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70, 1983.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from faces.evaluation.e_process import Outcomes

BLOCK = 256
"""Boundaries are computed for a multiple of this number of disagreements."""


def is_worse(outcomes: Outcomes, level: float) -> bool:
    """Test whether the candidate is right in less than half of the disagreements.

    Args:
        outcomes: In order of time, (n,).
        level: Largest probability that this is ever found of a candidate that is no worse, however
            often one looks.

    Returns:
        Whether there were too many losses after any of the disagreements.
    """
    lost = np.cumsum(outcomes[outcomes != 0] < 0)
    blocks = -(-len(lost) // BLOCK)
    return bool((lost >= boundary(level, blocks * BLOCK)[: len(lost)]).any())


@lru_cache
def boundary(level: float, disagreements: int) -> NDArray[np.int64]:
    """Compute how many losses are too many.

    Args:
        level: Largest probability that there are ever too many.
        disagreements: The largest number of them.

    Returns:
        By number of disagreements, from 1 on, (disagreements,), read-only. It is larger than the
        number of disagreements if no number of losses is too many.
    """
    limits = np.arange(2, disagreements + 2)
    going_on, spent = np.array([1.0]), 0.0  # by number of losses: probability of not being stopped
    for number in range(1, disagreements + 1):
        going_on = (np.append(going_on, 0) + np.append(0, going_on)) / 2
        at_least = np.cumsum(going_on[::-1])[::-1]
        affordable = spent + at_least <= level * _spent(number)
        if affordable.any():
            limit = int(affordable.argmax())
            limits[number - 1] = limit
            spent += at_least[limit]
            going_on[limit:] = 0
    limits.flags.writeable = False
    return limits


def _spent(disagreements: int) -> float:
    """Return the share of the level that may be spent until then."""
    return float(1 - 2 / disagreements**1.5)
