import numpy as np
from numpy.typing import NDArray

from faces.evaluation.paired_answers import judge

SIMILARITIES = {"ada": 0.9, "bob": 0.2, "cy": 0.85, "dan": 0.4}


def witness(rows: NDArray[np.intp], names: NDArray[np.str_]) -> NDArray[np.float64]:
    """Every face resembles ada most; eve is not enrolled."""
    return np.array([SIMILARITIES.get(name, np.nan) for name in names])


def outcome(candidate: str, other: str, label: str = "") -> tuple[int, bool]:
    new, old, given = (np.array([name]) for name in (candidate, other, label))
    outcomes, unjudged = judge(new, old, given, witness)
    return int(outcomes[0]), bool(unjudged[0])


def test_labels_decide_if_they_are_plausible() -> None:
    assert outcome("ada", "cy", "ada") == (1, False)
    assert outcome("ada", "cy", "cy") == (-1, False)
    assert outcome("bob", "dan", "ada") == (0, False), "neither is right"
    assert outcome("ada", "bob", "bob") == (1, False), "an implausible label does not count"
    assert outcome("ada", "bob", "eve") == (1, False), "nor does one that cannot be verified"


def test_the_witness_decides_without_a_label() -> None:
    assert outcome("ada", "bob") == (1, False)
    assert outcome("bob", "ada") == (-1, False)
    assert outcome("ada", "cy") == (0, True), "it is not sure"
    assert outcome("bob", "dan") == (0, True), "the face resembles neither"
    assert outcome("unknown", "ada") == (-1, False)
    assert outcome("unknown", "bob") == (1, False)
    assert outcome("eve", "ada") == (-1, False)


def test_agreements_are_not_judged() -> None:
    def never(rows: NDArray[np.intp], names: NDArray[np.str_]) -> NDArray[np.float64]:
        raise AssertionError("the witness is expensive")

    same = np.array(["ada", "unknown"])
    outcomes, unjudged = judge(same, same, np.array(["bob", ""]), never)
    assert not outcomes.any()
    assert not unjudged.any()
