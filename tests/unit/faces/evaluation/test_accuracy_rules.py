import re

import pytest

from faces.evaluation.accuracy_rules import (
    CROSS_VALIDATED,
    Recognition,
    check_comparisons,
    check_floor,
    needs_cross_validation,
)
from faces.evaluation.comparison import Comparison

TOLERANCES = {"baseline": 0.02, "drifted": 0.05}


def not_called() -> float:
    raise AssertionError("the reference is only trained if it can decide")


def outcome(images: int, gained: int, lost: int) -> Comparison:
    production = images - gained
    return Comparison(images, production + gained - lost, production, gained, lost)


NONE = outcome(0, 0, 0)


@pytest.mark.parametrize(
    ("images", "correct", "people", "reference", "reason"),
    [
        (72, 69, 40, None, None),  # its own limit is high enough
        (6, 6, 2, None, None),
        (72, 0, 40, None, "may be no better than guessing"),
        (6, 5, 2, None, "5 of 6 .* guessing one of 2 people gets 50%: add images"),
        (3, 3, 2, None, "may be no better than guessing"),
        (72, 36, 40, 1.0, "60% are needed, because a reference .* gets 100%"),
        (72, 36, 40, 0.6, None),  # the images are difficult for everyone
    ],
)
def test_the_floor_against_guessing_and_the_reference(
    images: int, correct: int, people: int, reference: float | None, reason: str | None
) -> None:
    recognition = Recognition(
        images, correct, people, not_called if reference is None else lambda: reference
    )
    decision = check_floor(recognition, minimum_share=0.6)
    assert (decision is None) is (reason is None)
    if decision:
        assert not decision.promoted
        assert re.search(str(reason), decision.reason)


@pytest.mark.parametrize(
    ("baseline", "drifted", "promoted", "reason"),
    [
        (outcome(100, 0, 0), outcome(100, 0, 0), True, "no worse"),
        (outcome(100, 2, 5), outcome(100, 2, 5), True, "no worse"),  # larger, not significant
        (outcome(1000, 0, 10), outcome(100, 0, 0), True, "no worse"),  # significant, tolerated
        (outcome(100, 1, 9), outcome(100, 9, 0), False, "worse than production by more than 2%"),
        (outcome(100, 9, 0), outcome(100, 2, 14), False, "worse than production by more than 5%"),
        (outcome(50, 1, 5), outcome(50, 1, 5), False, "all: 90 vs 98 of 100"),  # only together
        (outcome(100, 0, 0), outcome(3, 0, 3), True, "no worse"),
        (outcome(19, 0, 0), NONE, False, "too few images .*19 baseline, 0 drifted; 20 are needed"),
    ],
)
def test_a_significant_loss_above_the_tolerance_rejects(
    baseline: Comparison, drifted: Comparison, promoted: bool, reason: str
) -> None:
    comparisons = {"baseline": baseline, "drifted": drifted}
    decision = check_comparisons(comparisons, TOLERANCES, minimum_images=20)
    assert decision.promoted is promoted
    assert re.search(reason, decision.reason)


def test_a_cross_validation_decides_with_any_number_of_images() -> None:
    few = {"baseline": outcome(3, 0, 0), "drifted": NONE}
    for crossed, promoted in [(outcome(9, 0, 0), True), (outcome(9, 0, 5), False)]:
        decision = check_comparisons({**few, CROSS_VALIDATED: crossed}, TOLERANCES, 20)
        assert decision.promoted is promoted
        assert "cross-validated: " in decision.reason
        assert "baseline: " not in decision.reason
    assert needs_cross_validation(few)
    assert not needs_cross_validation({"baseline": outcome(72, 0, 0), "drifted": outcome(28, 0, 0)})


def test_without_comparisons_the_candidate_is_rejected() -> None:
    assert not check_comparisons({}, TOLERANCES, minimum_images=1).promoted
