import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from faces.evaluation.accuracy_rules import Recognition
from faces.evaluation.comparison import Comparison
from faces.evaluation.person_tests import Answers, PersonEvidence
from faces.evaluation.promotion_gate import (
    GateDecision,
    GateLimits,
    VersionFacts,
    check_identities,
    check_metrics,
    check_people,
    decide,
    decide_removal,
)

TOLERANCES = {"baseline": 0.02, "drifted": 0.05}
ADA_AND_BOB = frozenset({"ada", "bob"})


def version(
    number: int,
    identities: frozenset[str] = ADA_AND_BOB,
    *,
    is_synthetic: bool = False,
    rolled_back: str | None = None,
    has_remote_artifacts: bool = False,
) -> VersionFacts:
    return VersionFacts(number, is_synthetic, rolled_back, has_remote_artifacts, lambda: identities)


def gate(
    candidate: VersionFacts,
    production: VersionFacts | None,
    metrics: Mapping[str, float] | None = None,
    comparison: Callable[[], Mapping[str, Comparison]] | None = None,
    evidence: Callable[[], PersonEvidence] | None = None,
    stack_is_local: bool = True,
    recognised: int = 90,
    removed: int = 0,
) -> GateDecision:
    return decide(
        candidate,
        production,
        {"baseline_accuracy": 0.9} if metrics is None else metrics,
        ["baseline_accuracy"],
        lambda: Recognition(100, recognised, 2, lambda: 1.0),
        comparison or (lambda: {"baseline": outcome(100, 90, 90)}),
        evidence or (lambda: held_out()),
        GateLimits(TOLERANCES, 20, 0.6, removed),
        stack_is_local=stack_is_local,
    )


def held_out(lost: int = 0) -> PersonEvidence:
    people = np.repeat([f"s{number:02}" for number in range(1, 31)], 3)
    candidate = people.copy()
    candidate[:lost] = "s30"
    return PersonEvidence(Answers(people, candidate, people), None, None)


def not_called() -> Mapping[str, Comparison]:
    raise AssertionError("models are only compared if no other rule decides")


def outcome(images: int, candidate: int, production: int) -> Comparison:
    gained, lost = max(0, candidate - production), max(0, production - candidate)
    return Comparison(images, candidate, production, gained, lost)


@pytest.mark.parametrize("metrics", [{}, {"baseline_accuracy": float("nan")}])
def test_a_missing_metric_is_rejected(metrics: dict[str, float]) -> None:
    decision = check_metrics(metrics, ["baseline_accuracy"])
    assert decision is not None
    assert not decision.promoted
    assert "baseline_accuracy is missing" in decision.reason
    assert check_metrics({"baseline_accuracy": 0.0}, ["baseline_accuracy"]) is None


REAL, SYNTHETIC = False, True


@pytest.mark.parametrize(
    ("candidate", "production", "is_synthetic", "promoted"),
    [
        ({"ada", "bob"}, {"ada", "bob"}, (REAL, REAL), None),
        ({"ada", "bob", "cy"}, {"ada", "bob"}, (REAL, REAL), None),
        ({"ada"}, {"ada", "bob"}, (REAL, REAL), False),
        ({"x", "y"}, {"ada", "bob"}, (REAL, REAL), True),
        ({"ada", "bob"}, {"x", "y"}, (REAL, SYNTHETIC), True),
        ({"x", "y"}, {"ada", "bob"}, (SYNTHETIC, REAL), False),
        ({"x", "y"}, {"x", "y"}, (SYNTHETIC, SYNTHETIC), None),
    ],
)
def test_the_identities_of_both_models_can_decide(
    candidate: set, production: set, is_synthetic: tuple[bool, bool], promoted: bool | None
) -> None:
    decision = check_identities(
        version(2, frozenset(candidate), is_synthetic=is_synthetic[0]),
        version(1, frozenset(production), is_synthetic=is_synthetic[1]),
    )
    assert (decision and decision.promoted) is promoted


def test_people_who_were_removed_on_purpose_are_not_lost() -> None:
    fewer = version(2, frozenset({"ada"}))
    assert gate(fewer, version(1), removed=1).promoted
    assert not gate(fewer, version(1, frozenset({"ada", "bob", "cy"})), removed=1).promoted


@pytest.mark.parametrize("production", [None, version(1), version(1, frozenset({"x"}))])
def test_a_model_that_recognises_too_little_is_never_promoted(
    production: VersionFacts | None,
) -> None:
    decision = gate(version(2), production, recognised=50)
    assert not decision.promoted
    assert "it may be no better than guessing" in decision.reason


def test_the_first_model_is_promoted_without_a_comparison() -> None:
    assert gate(version(1), None, comparison=not_called) == GateDecision(
        True, "promoted: there was no model in production"
    )


def test_the_version_in_production_stays_there() -> None:
    decision = gate(version(3), version(3), metrics={}, comparison=not_called)
    assert decision == GateDecision(True, "unchanged: this version is in production already")


def test_a_candidate_that_is_no_worse_is_promoted() -> None:
    decision = gate(version(2), version(1))
    assert decision == GateDecision(
        True,
        "promoted: no worse than production "
        "(baseline: 90 vs 90 of 100 correct, 0 gained, 0 lost, 90% interval -2.3 to +2.3 points)",
    )


@pytest.mark.parametrize(
    ("candidate", "production", "options", "reason"),
    [
        (version(2), version(1), {"metrics": {}}, "the metric baseline_accuracy is missing"),
        (version(2), None, {"metrics": {}}, "the metric baseline_accuracy is missing"),
        (version(2, rolled_back="too slow"), None, {}, r"it was rolled back \(too slow\)"),
        (version(2, rolled_back="too slow"), version(1), {}, r"it was rolled back \(too slow\)"),
        (
            version(2, is_synthetic=True),
            None,
            {"stack_is_local": False},
            "synthetic faces are for local stacks only",
        ),
        (
            version(2, is_synthetic=True),
            version(1),
            {},
            "synthetic faces never replace a model of real people",
        ),
        (
            version(2),
            version(1, has_remote_artifacts=True),
            {},
            "its artifacts are on one machine, those of production in a remote store",
        ),
        (
            version(2, has_remote_artifacts=True),
            version(1),
            {"stack_is_local": False},
            "the artifacts of version 1 in production are on one machine.*archive that version",
        ),
        (
            version(2, frozenset({"ada"})),
            version(1),
            {},
            r"it does not know 1 people that production knows \(bob\); .*--removed 1",
        ),
    ],
)
def test_rules_that_reject_without_a_comparison(
    candidate: VersionFacts, production: VersionFacts | None, options: dict, reason: str
) -> None:
    decision = gate(candidate, production, comparison=not_called, **options)
    assert not decision.promoted
    assert re.search(f"^rejected: {reason}", decision.reason)


def test_real_faces_are_promoted_on_any_stack() -> None:
    remote = version(2, has_remote_artifacts=True)
    assert gate(remote, version(1, has_remote_artifacts=True), stack_is_local=False).promoted
    assert gate(remote, None, stack_is_local=False).promoted


def test_a_candidate_that_is_worse_is_rejected() -> None:
    decision = gate(version(2), version(1), comparison=lambda: {"baseline": outcome(100, 80, 90)})
    assert not decision.promoted
    assert decision.reason.startswith("rejected: worse than production by more than 2%")


def test_a_missing_artifact_rejects_the_candidate() -> None:
    def missing() -> frozenset[str]:
        raise LookupError("version 1 has no artifact 'model'")

    production = VersionFacts(1, False, None, False, missing)
    expected = "rejected: nothing to compare with: version 1 has no artifact 'model'"
    assert gate(version(2), production) == GateDecision(False, expected)
    # Artifacts that are known to be out of reach are not read.
    elsewhere = VersionFacts(1, False, None, True, missing)
    assert "on one machine" in gate(version(2), elsewhere).reason


def test_a_candidate_that_loses_a_person_is_rejected_by_name() -> None:
    decision = gate(version(2), version(1), evidence=lambda: held_out(lost=3))
    assert not decision.promoted
    assert re.fullmatch(
        "rejected: it no longer recognises s01 on 3 of 3 held-out images, p = [0-9.e-]+",
        decision.reason,
    )
    assert check_people(held_out()) is None


@pytest.mark.parametrize(
    "decision",
    [
        check_people(held_out(lost=3)),
        check_identities(version(2, frozenset({"s02"})), version(1, frozenset({"s01", "s02"}))),
    ],
)
def test_a_rejection_that_names_people_has_a_reason_without_names(
    decision: GateDecision | None,
) -> None:
    assert decision is not None
    assert decision.anonymous_reason is not None
    assert "s01" in decision.reason
    assert "s01" not in decision.anonymous_reason


def test_missing_predictions_for_people_reject_the_candidate() -> None:
    none = np.array([], dtype=str)
    decision = check_people(PersonEvidence(Answers(none, none, none), None, None))
    expected = GateDecision(False, "rejected: predictions for single people are missing")
    assert decision == expected
    assert gate(version(2), version(1), evidence=missing_artifact) == GateDecision(
        False, "rejected: nothing to compare with: version 1 has no artifact 'portable'"
    )


def missing_artifact() -> PersonEvidence:
    raise LookupError("version 1 has no artifact 'portable'")


def test_a_removal_is_accepted_without_a_comparison_if_the_candidate_is_complete() -> None:
    complete = {"baseline_accuracy": 0.4}
    required = list(complete)
    without_bob = version(2, frozenset({"ada"}))
    decision = decide_removal(without_bob, complete, required, stack_is_local=True)
    assert decision == GateDecision(True, "promoted: personal data had to be removed")
    assert not decide_removal(without_bob, {}, required, stack_is_local=True).promoted
    synthetic = version(2, is_synthetic=True)
    assert not decide_removal(synthetic, complete, required, stack_is_local=False).promoted
