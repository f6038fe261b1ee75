from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from faces.evaluation.person_tests import (
    Answers,
    Claims,
    PersonEvidence,
    corrected_level,
    is_complete,
    significant_findings,
)

PEOPLE = np.array([f"s{number:02}" for number in range(1, 41)])
HELD_OUT = np.repeat(PEOPLE, 3)


def answers(candidate: np.ndarray, production: np.ndarray = HELD_OUT) -> Answers:
    return Answers(HELD_OUT, candidate, production)


def claims(labels: Iterable[str], contradicted: Iterable[int], judge_errors: float = 0) -> Claims:
    people = np.array(list(labels))
    return Claims(people, np.isin(np.arange(len(people)), list(contradicted)), judge_errors)


def evidence(
    held_out: Answers | None = None,
    not_enrolled: Answers | None = None,
    learned: Claims | None = None,
) -> PersonEvidence:
    return PersonEvidence(held_out or answers(HELD_OUT), not_enrolled, learned)


def findings(found: PersonEvidence) -> list[str]:
    return [test.finding for test in significant_findings(found)]


def changed(rows: Iterable[int], to: str) -> np.ndarray:
    predicted = HELD_OUT.copy()
    predicted[list(rows)] = to
    return predicted


def test_honest_retraining_passes() -> None:
    rng = np.random.default_rng(0)
    before, after = HELD_OUT.copy(), HELD_OUT.copy()
    for predicted, wrong in ((before, 20), (after, 10)):
        predicted[rng.permutation(len(HELD_OUT))[:wrong]] = rng.choice(PEOPLE, wrong)
    honest = claims(rng.choice(PEOPLE, 30), [4])
    assert not findings(evidence(answers(after, before), None, honest))


def test_a_swapped_pair_is_found_on_the_held_out_images() -> None:
    swapped = HELD_OUT.copy()
    swapped[:3], swapped[3:6] = "s02", "s01"
    found = findings(evidence(answers(swapped)))
    assert any("no longer recognises s01 on 3 of 3" in finding for finding in found)
    assert any("no longer recognises s02 on 3 of 3" in finding for finding in found)


def test_a_person_who_is_lost_is_named_among_a_few_honest_losses() -> None:
    lost = changed([0, 1, 2, 40, 80], "s28")
    assert "s01" in findings(evidence(answers(lost)))[0]
    assert not findings(evidence(answers(changed([0, 30, 60], "s28"))))


def test_findings_name_the_people_whose_labels_can_have_caused_them() -> None:
    confused = changed([0, 1], "s28").astype("U7")
    confused[2] = "unknown"
    unknown = answers_to_unknown_people(["s04"] * 40, [])
    labels = [*HONEST, *["s07"] * 6]
    found = significant_findings(
        evidence(answers(confused), unknown, claims(labels, range(30, 36)))
    )
    lost, not_enrolled, claimed = (
        next(test.people for test in found if words in test.finding)
        for words in ("no longer recognises s01", "not enrolled as s04", "accepts as s07 what")
    )
    assert lost == {"s01", "s28"}
    assert not_enrolled == {"s04"}
    assert claimed == {"s07"}


def test_gained_images_make_up_for_lost_ones() -> None:
    held_out = np.array(["ada"] * 6 + ["bob"] * 60)
    before, after = held_out.copy(), held_out.copy()
    after[:3], before[3:6] = "bob", "bob"
    assert not findings(evidence(Answers(held_out, after, before)))
    assert findings(evidence(Answers(held_out, after, held_out)))


def test_a_flood_that_makes_one_person_accept_many_others_is_found() -> None:
    flood = changed(range(3, 120, 5), "s01")
    (finding,) = findings(evidence(answers(flood)))
    assert finding.startswith("accepts more images of other people as s01 than production: 24 more")


def answers_to_unknown_people(candidate: Iterable[str], production: Iterable[str]) -> Answers:
    people = np.repeat([f"synthetic-{number:03}" for number in range(100)], 2)
    columns = [np.full(200, "unknown"), np.full(200, "unknown")]
    for column, accepted in zip(columns, (candidate, production), strict=True):
        column[: len(list(accepted))] = list(accepted)
    return Answers(people, *columns)


@pytest.mark.parametrize(
    ("candidate", "production", "found"),
    [
        (["s28"] * 40, [], True),
        (["s28"] * 40, ["s28"] * 40, False),
        ([], ["s28"] * 40, False),
        (["s28"] * 8, [], False),
    ],
)
def test_accepting_people_who_are_not_enrolled_is_found(
    candidate: list[str], production: list[str], found: bool
) -> None:
    unknown = answers_to_unknown_people(candidate, production)
    expected = "accepts more people who are not enrolled as s28 than production: 20 more, 0 fewer"
    assert findings(evidence(not_enrolled=unknown)) == ([expected] if found else [])


HONEST = [str(person) for person in np.tile(PEOPLE[:15], 2)]


@pytest.mark.parametrize("attackers_images", [3, 6, 10])
def test_one_victim_is_named(attackers_images: int) -> None:
    labels = [*HONEST, *["s28"] * attackers_images]
    found = findings(evidence(learned=claims(labels, range(30, len(labels)))))
    assert "accepts as s28 what looks like other people" in found[0]
    assert f"{attackers_images} of {attackers_images} images from feedback" in found[0]


def test_a_swapped_pair_in_feedback_is_named() -> None:
    labels = [*HONEST, *["s28"] * 3, *["s29"] * 3]
    found = findings(evidence(learned=claims(labels, range(30, 36))))
    assert {name for name in ("s28", "s29") if any(f"as {name} what" in f for f in found)} == {
        "s28",
        "s29",
    }


def test_a_slow_drip_is_found_when_enough_images_have_been_learned() -> None:
    rejected = []
    for window in range(1, 21):
        labels = [*HONEST * window, *["s28"] * window]
        learned = claims(labels, range(len(labels) - window, len(labels)))
        rejected.append(any("as s28 what" in f for f in findings(evidence(learned=learned))))
    assert rejected == [False] * 2 + [True] * 18


@pytest.mark.parametrize(("share", "found"), [(0.1, False), (0.3, True), (1.0, True)])
def test_labels_that_are_wrong_at_random(share: float, found: bool) -> None:
    labels = claims(HONEST, range(round(share * 30)))
    assert bool(findings(evidence(learned=labels))) is found


def test_a_judge_that_errs_on_trusted_labels_contradicts_less() -> None:
    labels = claims(HONEST, range(9))
    assert findings(evidence(learned=labels))
    assert not findings(evidence(learned=replace(labels, judge_errors=0.3)))


def test_a_single_person_whose_labels_are_contradicted_is_tested_by_name() -> None:
    learned = claims([*HONEST, *HONEST, *["s28"] * 3], range(60, 63))
    assert "3 of 3 images" in findings(evidence(learned=learned))[0]


def test_only_tests_that_can_reach_the_level_count() -> None:
    assert corrected_level([], 0.01) == 0.01
    assert corrected_level([0.5] * 40, 0.01) == 0.01
    assert corrected_level([1e-6, 1e-6, *[0.5] * 38], 0.01) == 0.005
    assert corrected_level([1e-9] * 40, 0.01) == 0.01 / 40


NONE = np.array([], dtype=str)


@pytest.mark.parametrize(
    "incomplete",
    [
        evidence(Answers(NONE, NONE, NONE)),
        evidence(Answers(HELD_OUT, HELD_OUT[1:], HELD_OUT)),
        evidence(Answers(HELD_OUT, HELD_OUT, NONE)),
        evidence(not_enrolled=Answers(PEOPLE, PEOPLE, NONE)),
        evidence(learned=Claims(PEOPLE, np.zeros(3, bool), 0)),
        evidence(learned=Claims(PEOPLE, np.zeros(40, bool), float("nan"))),
    ],
)
def test_missing_answers_are_noticed(incomplete: PersonEvidence) -> None:
    assert not is_complete(incomplete)
    assert is_complete(evidence())
