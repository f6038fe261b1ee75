import math

import numpy as np
import pytest

from faces.evaluation.e_process import harm, refusals, safety

LEVEL = 0.05


def draw(seed: int, gained: float, lost: float, faces: int = 1500) -> np.ndarray:
    values = np.random.default_rng(seed).random(faces)
    return np.select([values < gained, values < gained + lost], [1, -1], 0).astype(np.int8)


def test_no_disagreements_are_no_evidence_of_harm() -> None:
    assert harm(np.array([], dtype=np.int8)) == 0
    assert harm(np.zeros(100, dtype=np.int8)) == 0
    assert refusals(np.array([], dtype=bool)) == 0


@pytest.mark.parametrize(("gained", "lost"), [(0.05, 0.05), (0.3, 0.3)])
def test_an_equal_candidate_is_rarely_ever_harmful(gained: float, lost: float) -> None:
    alarms = [harm(draw(seed, gained, lost)) >= math.log(1 / LEVEL) for seed in range(300)]
    assert np.mean(alarms) <= LEVEL + 0.01


def test_a_candidate_at_the_margin_is_rarely_ever_safe() -> None:
    alarms = [safety(draw(seed, 0.02, 0.12), 0.1) >= math.log(1 / LEVEL) for seed in range(300)]
    assert np.mean(alarms) <= LEVEL + 0.01


def test_evidence_grows_in_the_right_direction() -> None:
    worse, equal = draw(0, 0.01, 0.11, 150), draw(0, 0.02, 0.02, 150)
    assert harm(worse) > math.log(50) > harm(equal)
    assert safety(equal, 0.1) > math.log(50) > safety(worse, 0.1)
    assert harm(worse) == harm(np.concatenate([worse, np.ones(9, dtype=np.int8)])), "its maximum"
    assert refusals(np.ones(9, dtype=bool)) > math.log(50) > refusals(np.zeros(9, dtype=bool))


def test_wealth_of_seven_losses() -> None:
    expected = (1.7**7 + 1.9**7) / 2
    assert harm(np.full(7, -1, dtype=np.int8)) == pytest.approx(math.log(expected))
