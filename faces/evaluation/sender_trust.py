"""Which senders of feedback are trusted, from how plausible their labels are."""

import numpy as np
from numpy.typing import NDArray

from faces.evaluation.witness import ANONYMOUS

HONEST_RATE = 0.05
"""Share of an honest sender's labels that are assumed to be implausible; measured: 1 to 2 %."""

LEVEL = 0.001
"""Probability that an honest sender is not trusted."""

PROVEN_PEOPLE = 5
"""A sender is proven once plausible labels name this many people."""


def untrusted_senders(senders: NDArray[np.str_], plausible: NDArray[np.bool_]) -> list[str]:
    """Find senders whose labels are mostly implausible.

    More than half of the labels are implausible, and an exact binomial test rejects the rate of
    honest senders. Anonymous labels may come from many people, so one of them could have the labels
    of all others quarantined; they are never found.

    Args:
        senders: The sender of each label (n,).
        plausible: Whether the label is plausible (n,).

    Returns:
        The senders.
    """
    from scipy.stats import binom

    found = []
    for sender in np.unique(senders[senders != ANONYMOUS]).tolist():
        own = plausible[senders == sender]
        wrong = int((~own).sum())
        if wrong > len(own) / 2 and binom.sf(wrong - 1, len(own), HONEST_RATE) <= LEVEL:
            found.append(sender)
    return found


def unproven_senders(
    senders: NDArray[np.str_],
    labels: NDArray[np.str_],
    plausible: NDArray[np.bool_],
    enrolled: int,
) -> list[str]:
    """Find senders who have labelled too few people to be judged by their other labels.

    Args:
        senders: The sender of each label (n,).
        labels: The labels (n,).
        plausible: Whether the label is plausible (n,).
        enrolled: Number of enrolled people.

    Returns:
        The senders, never the anonymous one.
    """
    needed = min(PROVEN_PEOPLE, enrolled)
    return [
        sender
        for sender in np.unique(senders[senders != ANONYMOUS]).tolist()
        if len(np.unique(labels[plausible & (senders == sender)])) < needed
    ]
