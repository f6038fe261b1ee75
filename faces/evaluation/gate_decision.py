"""Outcome of the promotion gate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateDecision:
    """Outcome of the promotion gate.

    Attributes:
        promoted: Whether the candidate is promoted.
        reason: Why, in one line that begins with the outcome.
        anonymous_reason: The reason without names of people; None if `reason` has none.
    """

    promoted: bool
    reason: str
    anonymous_reason: str | None = None
