import numpy as np
import pytest

from faces.evaluation.sender_trust import unproven_senders, untrusted_senders


def untrusted(sender: str, labels: int, implausible: int) -> bool:
    senders = np.array([*[sender] * labels, *["another"] * 5])
    plausible = np.arange(labels + 5) >= implausible
    found = untrusted_senders(senders, plausible)
    assert "another" not in found
    return found == [sender]


@pytest.mark.parametrize(
    ("labels", "implausible", "expected"),
    [(1, 1, False), (2, 2, False), (3, 3, True), (3, 2, False), (10, 5, False), (10, 6, True),
     (30, 3, False), (30, 15, False), (30, 16, True)],
)  # fmt: skip
def test_a_sender_is_untrusted_if_most_labels_are_implausible_and_not_by_chance(
    labels: int, implausible: int, expected: bool
) -> None:
    assert untrusted("eve", labels, implausible) == expected


def test_nobody_can_discredit_anonymous_labels() -> None:
    assert not untrusted("", 100, 100)
    assert untrusted_senders(np.array([], dtype=str), np.array([], dtype=bool)) == []


def test_a_sender_is_proven_by_plausible_labels_of_five_people() -> None:
    people = np.array(["p1", "p2", "p3", "p4", "p5", "p5"])
    senders, plausible = np.repeat("ada", 6), np.ones(6, dtype=bool)
    assert unproven_senders(senders, people, plausible, 36) == []
    assert unproven_senders(senders, people, people != "p1", 36) == ["ada"]
    assert unproven_senders(np.repeat("", 6), people, people != "p1", 36) == []
    assert unproven_senders(senders, people, people != "p1", 4) == [], "only four are enrolled"
