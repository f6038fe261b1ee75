"""Canary policy: does a candidate advance, go back, or is there not enough evidence yet?

A candidate first answers in the shadow of the live version, then for a share of requests, then for
all; after that it is watched, with the previous version in its own shadow. Decision record 0074
has the reasons, and docs/canary.md what was measured.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from faces.evaluation.disagreement_boundary import is_worse
from faces.evaluation.e_process import refusals, safety
from faces.evaluation.paired_answers import PairedAnswers

CANARY_EVIDENCE = 10.0
"""Wealth against "worse by the margin" that ends the shadow."""

CANARY_ANSWERS = 10
"""Faces that the candidate must have answered before it answers all."""

HARM_SHARE = 0.9
"""Share of the level that the test of all faces has; the tests of single people have the rest."""

MAX_UNANSWERED = 20
"""Faces that the candidate may fail to answer, if they are less than half of all."""


class Phase(StrEnum):
    """How far a canary release is."""

    SHADOW = "shadow"
    CANARY = "canary"
    WATCH = "watch"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    SUPERSEDED = "superseded"

    @property
    def is_active(self) -> bool:
        """Whether both versions answer."""
        return self in (Phase.SHADOW, Phase.CANARY, Phase.WATCH)


@dataclass(frozen=True)
class CanaryLimits:
    """When a canary release advances, and when it goes back.

    Attributes:
        share: Share of requests that a canary answers.
        level: Probability that a candidate which is no worse is ever sent back, and that one which
            is worse by the margin ever answers all requests.
        margin: The loss of accuracy that must be ruled out before it answers all, in (0, 1).
        watch_faces: Number of faces after which a version that answers all is not watched any more.
        maximum_faces: A candidate that does not answer all after this number of faces is sent back.
    """

    share: float = 0.2
    level: float = 0.02
    margin: float = 0.1
    watch_faces: int = 300
    maximum_faces: int = 2000


@dataclass(frozen=True)
class Evidence:
    """What was seen so far.

    Attributes:
        faces: Number of distinct faces that both versions answered.
        gained: How many only the candidate recognised.
        lost: How many only the other version recognised.
        unjudged: Disagreements that neither a label nor the witness decides.
        unanswered: Number of faces that only one version answered.
        by_candidate: Number of faces to which the candidate's answer was sent.
        watched: Number of faces since the candidate answers all.
        worse: Whether it lost too many of the disagreements.
        safety: Evidence that it is not worse by the margin: an e-value.
        refused: Evidence that it refuses more faces of one person: the largest e-value, divided by
            the number of people.
    """

    faces: int = 0
    gained: int = 0
    lost: int = 0
    unjudged: int = 0
    unanswered: int = 0
    by_candidate: int = 0
    watched: int = 0
    worse: bool = False
    safety: float = 1.0
    refused: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.faces} faces: {self.gained} gained, {self.lost} lost; evidence that it is "
            f"not much worse: {self.safety:.3g}"
        )


@dataclass(frozen=True)
class CanaryDecision:
    """What to do about a canary release.

    Attributes:
        phase: The phase from now on.
        reason: Why, in one line.
    """

    phase: Phase
    reason: str


def weigh(
    answers: PairedAnswers, limits: CanaryLimits, live_since: int | None, unanswered: int
) -> Evidence:
    """Weigh the answers of both versions.

    Args:
        answers: The answers, in order of time.
        limits: Its level, and the loss of accuracy that must be ruled out.
        live_since: Since when the candidate answers all requests, in nanoseconds since 1970; None
            if it does not yet.
        unanswered: Number of faces that only one version answered.

    Returns:
        The evidence.
    """
    outcomes = answers.outcomes
    cautious = np.where(answers.unjudged, -1, outcomes).astype(np.int8)
    people = np.unique(answers.people[answers.refused_by_one])
    refused = [
        refusals(answers.candidate_refused[answers.refused_by_one & (answers.people == person)])
        for person in people
    ]
    return Evidence(
        faces=len(outcomes),
        gained=int((outcomes > 0).sum()),
        lost=int((outcomes < 0).sum()),
        unjudged=int(answers.unjudged.sum()),
        unanswered=unanswered,
        by_candidate=int(answers.by_candidate.sum()),
        watched=0 if live_since is None else int((answers.times > live_since).sum()),
        worse=is_worse(outcomes, HARM_SHARE * limits.level),
        safety=_exp(safety(cautious, limits.margin)),
        refused=_exp(max(refused)) / max(answers.known_people, 1) if refused else 0.0,
    )


def decide(phase: Phase, evidence: Evidence, limits: CanaryLimits) -> CanaryDecision:
    """Decide how a canary release goes on.

    Args:
        phase: The present phase, which is active.
        evidence: What was seen so far.
        limits: When it advances and goes back.

    Returns:
        The next phase, or the present one if the evidence is not enough.
    """
    enough = 1 / limits.level
    if reason := _why_back(phase, evidence, limits):
        return CanaryDecision(Phase.ROLLED_BACK, f"{reason} ({evidence})")
    if phase == Phase.WATCH:
        if evidence.watched >= limits.watch_faces:
            return CanaryDecision(Phase.COMPLETED, f"it was watched long enough ({evidence})")
    elif evidence.safety >= enough and evidence.by_candidate >= CANARY_ANSWERS:
        ruled_out = f"a loss of {limits.margin:.0%} is ruled out"
        return CanaryDecision(Phase.WATCH, f"{ruled_out} ({evidence})")
    elif phase == Phase.SHADOW and evidence.safety >= CANARY_EVIDENCE:
        return CanaryDecision(Phase.CANARY, f"no harm in the shadow ({evidence})")
    return CanaryDecision(phase, f"not enough evidence yet ({evidence})")


def _why_back(phase: Phase, evidence: Evidence, limits: CanaryLimits) -> str | None:
    if evidence.worse:
        return "it recognises fewer faces than the version before"
    if evidence.refused >= 1 / ((1 - HARM_SHARE) * limits.level):
        return "it refuses a person whom the version before accepts"
    if evidence.unanswered >= MAX_UNANSWERED and evidence.unanswered > evidence.faces:
        return f"it did not answer {evidence.unanswered} faces"
    if phase != Phase.WATCH and evidence.faces >= limits.maximum_faces:
        return f"after {evidence.faces} faces, a loss of {limits.margin:.0%} is not ruled out"
    return None


def _exp(logarithm: float) -> float:
    return math.exp(min(logarithm, 700.0))
