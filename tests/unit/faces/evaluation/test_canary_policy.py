from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from faces.evaluation.canary_policy import (
    CanaryDecision,
    CanaryLimits,
    Evidence,
    Phase,
    decide,
    weigh,
)
from faces.evaluation.canary_release import CanaryRelease
from faces.evaluation.paired_answers import PairedAnswers

LIMITS = CanaryLimits()
RELEASE = CanaryRelease(2, 1, Phase.SHADOW, "", "t0", "t0", 0)
SAFE = Evidence(faces=100, by_candidate=10, safety=60)


def answers(outcomes: list[int], **more: Any) -> PairedAnswers:
    n = len(outcomes)
    none = np.zeros(n, dtype=bool)
    values = {
        "unjudged": none, "people": np.full(n, "ada"), "candidate_refused": none,
        "refused_by_one": none, "by_candidate": none, "times": np.arange(n), "known_people": 2,
    }  # fmt: skip
    return PairedAnswers(np.array(outcomes, dtype=np.int8), **{**values, **more})


@pytest.mark.parametrize(
    ("phase", "evidence", "following"),
    [
        (Phase.SHADOW, Evidence(faces=9), Phase.SHADOW),
        (Phase.SHADOW, Evidence(faces=50, safety=11), Phase.CANARY),
        (Phase.CANARY, Evidence(faces=50, safety=11), Phase.CANARY),
        (Phase.CANARY, replace(SAFE, by_candidate=9), Phase.CANARY),
        (Phase.CANARY, SAFE, Phase.WATCH),
        (Phase.WATCH, replace(SAFE, watched=299), Phase.WATCH),
        (Phase.WATCH, replace(SAFE, watched=300), Phase.COMPLETED),
        (Phase.SHADOW, Evidence(worse=True), Phase.ROLLED_BACK),
        (Phase.CANARY, replace(SAFE, worse=True), Phase.ROLLED_BACK),
        (Phase.WATCH, replace(SAFE, worse=True), Phase.ROLLED_BACK),
        (Phase.WATCH, replace(SAFE, refused=501), Phase.ROLLED_BACK),
        (Phase.SHADOW, Evidence(faces=19, unanswered=20), Phase.ROLLED_BACK),
        (Phase.SHADOW, Evidence(faces=21, unanswered=20), Phase.SHADOW),
        (Phase.CANARY, Evidence(faces=2000), Phase.ROLLED_BACK),
        (Phase.WATCH, Evidence(faces=2000), Phase.WATCH),
    ],
)
def test_how_a_release_goes_on(phase: Phase, evidence: Evidence, following: Phase) -> None:
    decision = decide(phase, evidence, LIMITS)
    assert decision.phase == following
    assert str(evidence) in decision.reason


def test_who_answers_in_each_phase() -> None:
    expected = {
        Phase.SHADOW: (1, (2, 0.0)),
        Phase.CANARY: (1, (2, 0.2)),
        Phase.WATCH: (2, (1, 0.0)),
        Phase.COMPLETED: (2, None),
        Phase.ROLLED_BACK: (1, None),
    }
    for phase, (served, beside) in expected.items():
        release = replace(RELEASE, phase=phase)
        assert (release.served, release.beside) == (served, beside)


def test_the_time_of_a_phase_is_when_it_began() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    same = RELEASE.advance(CanaryDecision(Phase.SHADOW, "wait"), Evidence(), now)
    assert (same.phase_began, same.when, same.live_since) == ("t0", now.isoformat(), None)
    live = RELEASE.advance(CanaryDecision(Phase.WATCH, "safe"), SAFE, now)
    assert live.phase_began == live.when == now.isoformat()
    assert live.live_since == int(now.timestamp() * 1e9)


def test_evidence_is_weighed() -> None:
    lost = [-1] * 9 + [0] * 50
    evidence = weigh(answers(lost), LIMITS, live_since=39, unanswered=3)
    assert (evidence.faces, evidence.gained, evidence.lost, evidence.unanswered) == (59, 0, 9, 3)
    assert evidence.watched == 19
    assert evidence.worse
    assert evidence.refused == 0
    assert decide(Phase.WATCH, evidence, LIMITS).phase == Phase.ROLLED_BACK


def test_disagreements_that_nobody_judged_count_against_safety_only() -> None:
    agreed = [0] * 60
    unjudged = np.arange(60) < 20
    assert weigh(answers(agreed), LIMITS, None, 0).safety > 50
    doubtful = weigh(answers(agreed, unjudged=unjudged), LIMITS, None, 0)
    assert doubtful.unjudged == 20
    assert doubtful.safety < 10
    assert not doubtful.worse


def test_a_person_who_is_refused_more_often_ends_a_release() -> None:
    people = np.repeat(["ada", "bob"], 20)
    refused = people == "bob"
    evidence = weigh(
        answers([0] * 40, people=people, candidate_refused=refused, refused_by_one=refused),
        LIMITS, None, 0,
    )  # fmt: skip
    decision = decide(Phase.WATCH, evidence, LIMITS)
    assert decision.phase == Phase.ROLLED_BACK
    assert "refuses a person" in decision.reason
    assert "bob" not in decision.reason
