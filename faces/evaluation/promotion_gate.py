"""Promotion gate: compare a challenger with the champion; reject when in doubt."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faces.evaluation.accuracy_rules import Recognition, check_comparisons, check_floor
from faces.evaluation.comparison import Comparisons
from faces.evaluation.gate_decision import GateDecision, GateLimits
from faces.evaluation.person_tests import PersonEvidence, is_complete, significant_findings

__all__ = ["GateDecision", "GateLimits", "VersionFacts", "check_comparisons", "decide"]


@dataclass(frozen=True)
class VersionFacts:
    """What the gate needs to know about a model version.

    Attributes:
        number: Its version number.
        is_synthetic: Whether it was trained on synthetic faces.
        rolled_back: Why it was rolled back, None if it was not.
        has_remote_artifacts: Whether its artifacts are in a remote store, not on one machine.
        identities: Returns the people it knows. Called only if its artifacts can be read; may raise
            LookupError if they are missing.
    """

    number: int
    is_synthetic: bool
    rolled_back: str | None
    has_remote_artifacts: bool
    identities: Callable[[], frozenset[str]]


def decide(
    candidate: VersionFacts,
    production: VersionFacts | None,
    metrics: Mapping[str, float],
    required_metrics: Sequence[str],
    measure: Callable[[], Recognition],
    compare: Callable[[], Comparisons],
    collect_evidence: Callable[[], PersonEvidence],
    limits: GateLimits,
    stack_is_local: bool,
) -> GateDecision:
    """Decide whether a candidate replaces the production model.

    Args:
        candidate: The new version.
        production: The version in production, None if there is none.
        metrics: The candidate's metrics.
        required_metrics: Names of the metrics that must be finite numbers.
        measure: Measures the candidate on held-out images of the conditions that it was trained
            on; called only if no earlier rule rejects.
        compare: Compares the two models on held-out images that neither was trained on; called
            only if no other rule decides.
        collect_evidence: Returns what the tests of single people compare; called only if no other
            rule rejects.
        limits: When a candidate is promoted.
        stack_is_local: Whether the pipeline runs on this machine and stores its artifacts here.

    Returns:
        The decision of the first rule that applies.
    """
    if production is not None and production.number == candidate.number:
        return GateDecision(True, "unchanged: this version is in production already")
    decision = check_metrics(metrics, required_metrics) or check_candidate(
        candidate, stack_is_local
    )
    if decision:
        return decision
    try:
        if production is None:
            first = GateDecision(True, "promoted: there was no model in production")
            return check_floor(measure(), limits.minimum_share) or first
        decision = check_artifacts(candidate, production)
        if decision:
            return decision
        decision = check_identities(candidate, production, limits.removed)
        if decision and not decision.promoted:
            return decision
        decision = check_floor(measure(), limits.minimum_share) or decision
        if decision:
            return decision
        decision = check_comparisons(compare(), limits.tolerances, limits.minimum_images)
        return (check_people(collect_evidence()) if decision.promoted else None) or decision
    except LookupError as error:
        return nothing_to_compare(error)


def decide_removal(
    candidate: VersionFacts,
    metrics: Mapping[str, float],
    required_metrics: Sequence[str],
    stack_is_local: bool,
) -> GateDecision:
    """Decide about a candidate that was trained because personal data has to be removed.

    To keep the version in production is no choice, so the candidate is not compared with it: it
    only has to be complete.

    Args:
        candidate: The version without the data.
        metrics: Its metrics.
        required_metrics: Names of the metrics that must be finite numbers.
        stack_is_local: Whether the pipeline runs on this machine and stores its artifacts here.

    Returns:
        A promotion, unless metrics are missing or the candidate was rolled back before.
    """
    return (
        check_metrics(metrics, required_metrics)
        or check_candidate(candidate, stack_is_local)
        or GateDecision(True, "promoted: personal data had to be removed")
    )


def nothing_to_compare(error: LookupError) -> GateDecision:
    """Reject a candidate because an artifact that the comparison needs is missing.

    Args:
        error: Names the artifact.

    Returns:
        The rejection.
    """
    return GateDecision(False, f"rejected: nothing to compare with: {error}")


def check_metrics(metrics: Mapping[str, float], required: Sequence[str]) -> GateDecision | None:
    """Reject a candidate whose metrics are missing or not finite.

    Args:
        metrics: The candidate's metrics by name.
        required: Names of the metrics that must be finite numbers.

    Returns:
        A rejection, or None if other rules decide.
    """
    for name in required:
        value = metrics.get(name)
        if value is None or not math.isfinite(value):
            return GateDecision(False, f"rejected: the metric {name} is missing")
    return None


def check_candidate(candidate: VersionFacts, stack_is_local: bool) -> GateDecision | None:
    """Reject a version that was rolled back, and synthetic faces on a shared stack.

    Args:
        candidate: The new version.
        stack_is_local: Whether the pipeline runs on this machine and stores its artifacts here.

    Returns:
        A rejection, or None if other rules decide.
    """
    if candidate.rolled_back is not None:
        return GateDecision(False, f"rejected: it was rolled back ({candidate.rolled_back})")
    if candidate.is_synthetic and not stack_is_local:
        return GateDecision(False, "rejected: synthetic faces are for local stacks only")
    return None


def check_artifacts(candidate: VersionFacts, production: VersionFacts) -> GateDecision | None:
    """Reject a candidate that cannot be compared because its artifacts are stored elsewhere.

    Args:
        candidate: The new version.
        production: The version in production.

    Returns:
        A rejection, or None if both are in a remote store or both on one machine.
    """
    if production.has_remote_artifacts and not candidate.has_remote_artifacts:
        return GateDecision(
            False,
            "rejected: its artifacts are on one machine, those of production in a remote store",
        )
    if candidate.has_remote_artifacts and not production.has_remote_artifacts:
        return GateDecision(
            False,
            f"rejected: the artifacts of version {production.number} in production are on one "
            "machine, so it cannot be compared with them: archive that version and run again",
        )
    return None


def check_identities(
    candidate: VersionFacts, production: VersionFacts, removed: int = 0
) -> GateDecision | None:
    """Decide by the people whom the models know.

    Synthetic faces never replace real ones. A model of entirely different people replaces the
    present one, so that a user can bring their own faces. A model that lost some of the people is
    rejected, unless they were removed on purpose.

    Args:
        candidate: The new version.
        production: The version in production.
        removed: Number of people who were removed from the data on purpose.

    Returns:
        A promotion or rejection, or None if the candidate knows all people whom production knows.

    Raises:
        LookupError: If the artifacts of one of them are missing.
    """
    if candidate.is_synthetic and not production.is_synthetic:
        return GateDecision(False, "rejected: synthetic faces never replace a model of real people")
    new, old = candidate.identities(), production.identities()
    if not new & old:
        return GateDecision(True, "promoted: it knows different people than production")
    if len(lost := sorted(old - new)) > removed:
        names = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        reason = f"rejected: it does not know {len(lost)} people that production knows"
        hint = f"; if they were removed on purpose: --removed {len(lost)}"
        return GateDecision(False, f"{reason} ({names}){hint}", anonymous_reason=reason)
    return None


def check_people(evidence: PersonEvidence) -> GateDecision | None:
    """Reject a candidate that loses a person, or accepts other people as a person.

    Args:
        evidence: What the tests of single people compare.

    Returns:
        A rejection that names the person, also if evidence is missing; None if other rules decide.
    """
    if not is_complete(evidence):
        return GateDecision(False, "rejected: predictions for single people are missing")
    findings = significant_findings(evidence)
    if not findings:
        return None
    first, more = findings[0], len(findings) - 1
    others = f"; {more} more findings" if more else ""
    return GateDecision(
        False,
        f"rejected: it {first.finding}, p = {first.p_value:.2g}{others}",
        anonymous_reason=f"rejected: tests of single people, p = {first.p_value:.2g}{others}",
        people=frozenset().union(*(finding.people for finding in findings)),
    )
