"""Tests for single people: whom does a candidate lose, and as whom does it accept others?

A person has two to four held-out images. No test of these alone can reach a level that allows for
forty people, so each of the four tests gains power from other images:

- Lost: Fisher's exact test of the person's lost images against everybody else's.
- Accepted, enrolled: McNemar's exact test of the images of all other people that only one of the
  models recognises as the person (Psychometrika 12, 1947).
- Accepted, not enrolled: the same for people whom neither model knows. Each of them counts once,
  since images of one person are not independent. It needs a model that rejects unknown people:
  without rejection, an honest retraining moves most of them from one identity to another.
- Claims: an exact binomial test of the labels from feedback that a judge contradicts, which has
  learned from no feedback; for each person, and for all labels together.

Each kind of test is corrected for multiplicity by Tarone's method for discrete tests (Biometrics
46, 1990): tests that cannot reach the level do not count. Decision record 0057 has measurements.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.groups import group_rows
from faces.runtime.portable import UNKNOWN

LEVEL = 0.005
"""Probability that one kind of test rejects an honest candidate, over all people together."""

MINIMUM_COUNT = 2
"""Fewer images, or people who are not enrolled, never reject a candidate."""

CONTRADICTION_RATE = 0.05
"""Share of honest labels that the judge is assumed to contradict; measured: at most 1.5 %."""

Names = NDArray[np.str_]
NOBODY = np.array([], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of both models on images that neither has learned.

    Attributes:
        people: Who is in each image (n,).
        candidate: The candidate's answers (n,); "unknown" for a face that it rejects.
        production: The answers of the model in production (n,).
    """

    people: Names
    candidate: Names
    production: Names


@dataclass(frozen=True, eq=False)
class Claims:
    """Labels from feedback that the candidate has learned.

    Attributes:
        people: The labels (k,).
        contradicted: Whether the judge contradicts each of them (k,).
        judge_errors: Share of trusted labels of held-out images that the judge contradicts.
    """

    people: Names
    contradicted: NDArray[np.bool_]
    judge_errors: float


@dataclass(frozen=True, eq=False)
class PersonEvidence:
    """What the tests of single people compare.

    Attributes:
        held_out: Answers on held-out images of the enrolled people.
        not_enrolled: Answers on images of people whom neither model knows; None if neither model
            rejects unknown people.
        claims: Labels from feedback; None if the candidate has learned none.
    """

    held_out: Answers
    not_enrolled: Answers | None
    claims: Claims | None


@dataclass(frozen=True)
class PersonTest:
    """Outcome of one test.

    Attributes:
        finding: What the candidate does, in words that follow "it".
        count: Number of images, or people who are not enrolled, that show it.
        p_value: Probability of at least this outcome from an honest candidate.
        attainable: The smallest p-value that the test can have with these numbers of images.
        people: People whose labels from feedback can have caused it.
    """

    finding: str
    count: int
    p_value: float
    attainable: float
    people: frozenset[str]


def is_complete(evidence: PersonEvidence) -> bool:
    """Return whether there are answers of both models for every image, and a check of every claim.

    Args:
        evidence: What is compared.
    """
    answers = [evidence.held_out]
    if evidence.not_enrolled is not None:
        answers.append(evidence.not_enrolled)
    if not all(0 < len(a.people) == len(a.candidate) == len(a.production) for a in answers):
        return False
    claims = evidence.claims
    return claims is None or (
        0 < len(claims.people) == len(claims.contradicted) and 0 <= claims.judge_errors <= 1
    )


def significant_findings(evidence: PersonEvidence, level: float = LEVEL) -> list[PersonTest]:
    """Test every person.

    Args:
        evidence: What is compared; it must be complete.
        level: Probability of any finding by one kind of test about an honest candidate.

    Returns:
        The significant tests, those with the smallest p-value first.
    """
    kinds = [list(lost(evidence.held_out)), list(accepted(evidence.held_out))]
    if evidence.not_enrolled is not None:
        kinds.append(list(accepted_not_enrolled(evidence.not_enrolled)))
    if evidence.claims is not None:
        kinds.append(list(contradicted(evidence.claims)))
    found = []
    for tests in kinds:
        limit = corrected_level([test.attainable for test in tests], level)
        found += [t for t in tests if t.p_value <= limit and t.count >= MINIMUM_COUNT]
    return sorted(found, key=lambda test: test.p_value)


def corrected_level(attainable: Sequence[float], level: float) -> float:
    """Correct a significance level for many discrete tests (Tarone, Biometrics 46, 1990).

    Args:
        attainable: The smallest p-value that each test can have.
        level: Probability of any false rejection.

    Returns:
        The level of each test: `level / k` for the smallest k such that at most k tests can reach
        it.
    """
    smallest = np.sort(np.asarray(attainable, dtype=float))
    k = 1
    while np.searchsorted(smallest, level / k, side="right") > k:
        k += 1
    return level / k


def lost(answers: Answers) -> Iterator[PersonTest]:
    """Test for each person whether more images are lost than of everybody else.

    Args:
        answers: Answers on held-out images of the enrolled people.

    Yields:
        One test per person; its count is the number of lost images minus that of gained ones.
    """
    from scipy.stats import hypergeom

    before, after = answers.production == answers.people, answers.candidate == answers.people
    lost, gained = before & ~after, after & ~before
    groups = group_rows(answers.people)
    images = np.array([len(own) for own in groups.values()])
    counts = np.array([lost[own].sum() for own in groups.values()])
    total = int(lost.sum())
    null = (len(lost), total, images)
    p_values = hypergeom.sf(counts - 1, *null)
    smallest = hypergeom.sf(np.minimum(total, images) - 1, *null)
    for number, (person, own) in enumerate(groups.items()):
        count = int(counts[number])
        yield PersonTest(
            f"no longer recognises {person} on {count} of {len(own)} held-out images",
            count - int(gained[own].sum()),
            float(p_values[number]),
            float(smallest[number]),
            frozenset({person, *answers.candidate[own[lost[own]]].tolist()} - {UNKNOWN}),
        )


def accepted(answers: Answers) -> Iterator[PersonTest]:
    """Test for each person whether more images of other enrolled people are accepted.

    Args:
        answers: Answers on held-out images of the enrolled people.

    Yields:
        One test per person as whom a model recognises anybody.
    """
    yield from _accepted(answers, np.arange(len(answers.people)), "images of other people")


def accepted_not_enrolled(answers: Answers) -> Iterator[PersonTest]:
    """Test for each person whether more people who are not enrolled are accepted.

    Args:
        answers: Answers on images of people whom neither model knows.

    Yields:
        One test per person as whom a model recognises anybody.
    """
    yield from _accepted(answers, answers.people, "people who are not enrolled")


def contradicted(claims: Claims) -> Iterator[PersonTest]:
    """Test whether the judge contradicts more labels than expected, by person and in all.

    Args:
        claims: Labels from feedback that the candidate has learned.

    Yields:
        One test per person, and one of all labels together.
    """
    from scipy.stats import binom

    rate = max(CONTRADICTION_RATE, claims.judge_errors)
    doubtful = np.unique(claims.people[claims.contradicted]).tolist()
    names = ", ".join(doubtful[:5]) + (" …" if len(doubtful) > 5 else "")
    groups = [(p, [p], claims.people == p) for p in np.unique(claims.people).tolist()]
    for name, people, own in [*groups, (names, doubtful, np.ones(len(claims.people), dtype=bool))]:
        images, count = int(own.sum()), int(claims.contradicted[own].sum())
        yield PersonTest(
            f"accepts as {name} what looks like other people: {count} of {images} images from "
            "feedback",
            count,
            float(binom.sf(count - 1, images, rate)),
            float(rate**images),
            frozenset(people),
        )


def _accepted(answers: Answers, units: NDArray[Any], whom: str) -> Iterator[PersonTest]:
    """Test by McNemar's exact test, where images of the same unit count once."""
    from scipy.stats import binom

    candidate, production = group_rows(answers.candidate), group_rows(answers.production)
    for person in sorted((candidate.keys() | production.keys()) - {UNKNOWN}):
        now, before = (
            set(units[rows[answers.people[rows] != person]].tolist())
            for rows in (named.get(person, NOBODY) for named in (candidate, production))
        )
        new, old = len(now - before), len(before - now)
        yield PersonTest(
            f"accepts more {whom} as {person} than production: {new} more, {old} fewer",
            new - old,
            float(binom.sf(new - 1, new + old, 0.5)),
            0.5 ** (new + old),
            frozenset({person}),
        )
