"""The state of a canary release, and what a run does about it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from faces.evaluation.canary_policy import CanaryDecision, CanaryLimits, Evidence, Phase


@dataclass(frozen=True)
class CanaryRelease:
    """The state of a canary release.

    Attributes:
        candidate: The version that is released.
        previous: The version that it is compared with.
        phase: How far it is.
        reason: Why it is in this phase, in one line.
        when: Date and time of the last look in UTC, ISO 8601.
        phase_began: When the phase began, likewise.
        started: Since when both versions answer, in nanoseconds since 1970.
        live_since: Since when the candidate answers all requests, likewise; None if it does not.
        limits: When it advances and goes back.
        evidence: What was seen so far.
    """

    candidate: int
    previous: int
    phase: Phase
    reason: str
    when: str
    phase_began: str
    started: int
    live_since: int | None = None
    limits: CanaryLimits = field(default_factory=CanaryLimits)
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def served(self) -> int:
        """The version that answers, in the canary phase most requests."""
        live = self.phase in (Phase.WATCH, Phase.COMPLETED)
        return self.candidate if live else self.previous

    @property
    def beside(self) -> tuple[int, float] | None:
        """The version that answers beside it, and the share of requests that it answers."""
        if self.phase == Phase.WATCH:
            return self.previous, 0.0
        if not self.phase.is_active:
            return None
        return self.candidate, self.limits.share if self.phase == Phase.CANARY else 0.0

    def advance(self, decision: CanaryDecision, evidence: Evidence, now: datetime) -> Self:
        """Return the state after a look.

        Args:
            decision: What was decided.
            evidence: What was seen so far.
            now: The time of the look.
        """
        when = now.isoformat(timespec="seconds")
        changed = decision.phase != self.phase
        goes_live = changed and decision.phase == Phase.WATCH
        return replace(
            self,
            phase=decision.phase,
            reason=decision.reason,
            when=when,
            phase_began=when if changed else self.phase_began,
            live_since=int(now.timestamp() * 1e9) if goes_live else self.live_since,
            evidence=evidence,
        )


@dataclass(frozen=True)
class CanaryStep:
    """What a run does about a canary release.

    Attributes:
        release: Its state; None if there is none.
        serve: The version that has to be deployed; None if the endpoint serves the right one.
        repair: Why it has to be deployed without a release: what a killed run left unfinished.
    """

    release: CanaryRelease | None
    serve: int | None = None
    repair: str | None = None
