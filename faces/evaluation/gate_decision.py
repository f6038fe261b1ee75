"""Limits and outcome of the promotion gate."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GateDecision:
    """Outcome of the promotion gate.

    Attributes:
        promoted: Whether the candidate is promoted.
        reason: Why, in one line that begins with the outcome.
        anonymous_reason: The reason without names of people; None if `reason` has none.
        people: People whose labels from feedback can have caused a rejection.
    """

    promoted: bool
    reason: str
    anonymous_reason: str | None = None
    people: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GateLimits:
    """When a candidate is promoted.

    Attributes:
        tolerances: By part of the held-out images, how much accuracy may be lost, in [0, 1].
        minimum_images: Parts with fewer images than this decide nothing.
        minimum_share: Share of the reference recogniser's accuracy that a candidate must reach.
        removed: Number of people who were removed from the data on purpose.
    """

    tolerances: Mapping[str, float]
    minimum_images: int
    minimum_share: float
    removed: int = 0
