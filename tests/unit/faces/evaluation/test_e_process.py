import math

import numpy as np
import pytest

from faces.evaluation.e_process import refusals, safety

LEVEL = 0.05


def draw(seed: int, gained: float, lost: float, faces: int = 1500) -> np.ndarray:
    values = np.random.default_rng(seed).random(faces)
    return np.select([values < gained, values < gained + lost], [1, -1], 0).astype(np.int8)


def test_a_candidate_at_the_margin_is_rarely_ever_safe() -> None:
    alarms = [safety(draw(seed, 0.02, 0.12), 0.1) >= math.log(1 / LEVEL) for seed in range(300)]
    assert np.mean(alarms) <= LEVEL + 0.01


def test_evidence_grows_in_the_right_direction() -> None:
    worse, equal = draw(0, 0.01, 0.11, 150), draw(0, 0.02, 0.02, 150)
    assert safety(equal, 0.1) > math.log(50) > safety(worse, 0.1)
    refused = np.ones(9, dtype=bool)
    assert refusals(refused) > math.log(50) > refusals(~refused)
    assert refusals(refused) == refusals(np.concatenate([refused, ~refused])), "its maximum"
    assert refusals(np.array([], dtype=bool)) == 0


def test_wealth_of_seven_refusals() -> None:
    expected = (1.7**7 + 1.9**7) / 2
    assert refusals(np.ones(7, dtype=bool)) == pytest.approx(math.log(expected))
