"""Rows grouped by sorting are those that a search for each label finds."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from faces.data.split import MIN_TRAINING_IMAGES
from faces.evaluation.cross_validation import FOLDS, SEED, person_folds
from faces.evaluation.open_set import _hold_out_per_person
from faces.evaluation.person_tests import Answers, accepted, lost
from faces.groups import group_rows
from faces.models.estimators.discriminants import CosineNearestMean

RNG = np.random.default_rng(5)
LABELS = RNG.choice([f"p{number}" for number in range(30)], 200)


@pytest.mark.parametrize("labels", [LABELS, LABELS[:1], LABELS[:0]])
def test_groups_are_those_of_a_search_for_each_label(labels: NDArray[np.str_]) -> None:
    groups = group_rows(labels)
    assert list(groups) == np.unique(labels).tolist()
    for name, rows in groups.items():
        assert rows.tolist() == np.flatnonzero(labels == name).tolist()


def test_means_of_classes_are_those_of_a_plain_implementation() -> None:
    rows = RNG.normal(size=(200, 7))
    model = CosineNearestMean().fit(rows, LABELS)
    plain = [normalize(rows)[name == LABELS].mean(axis=0) for name in np.unique(LABELS)]
    assert np.allclose(model.means_, normalize(np.array(plain)))
    assert list(model.classes_) == np.unique(LABELS).tolist()


def test_held_out_images_are_those_of_a_plain_implementation() -> None:
    rows = np.flatnonzero(RNG.random(200) < 0.8)
    expected, rng = np.zeros(200, bool), np.random.default_rng(3)
    for name in np.unique(LABELS[rows]):
        own = rng.permutation(rows[LABELS[rows] == name])
        expected[own[: min(max(1, len(own) // 4), max(0, len(own) - 2))]] = True
    assert np.array_equal(_hold_out_per_person(LABELS, rows, np.random.default_rng(3)), expected)


def test_folds_are_those_of_a_plain_implementation() -> None:
    expected: list[list[int]] = [[] for _ in range(FOLDS)]
    rng = np.random.default_rng(SEED)
    for name in np.unique(LABELS):
        rows = rng.permutation(np.flatnonzero(name == LABELS)).tolist()
        for number, fold in enumerate(expected):
            fold += rows[number::FOLDS][: len(rows) - MIN_TRAINING_IMAGES]
    assert [fold.tolist() for fold in person_folds(LABELS)] == [sorted(fold) for fold in expected]


def test_tests_for_people_count_as_a_plain_implementation() -> None:
    def answer(wrong: float) -> NDArray[np.str_]:
        names = np.append(np.unique(LABELS), "unknown")
        return np.where(RNG.random(200) < wrong, RNG.choice(names, 200), LABELS)

    answers = Answers(LABELS, answer(0.4), answer(0.2))
    before, after = answers.production == LABELS, answers.candidate == LABELS
    found = {test.finding.split()[3]: test.count for test in lost(answers)}
    for name in np.unique(LABELS):
        own = name == LABELS
        assert found[name] == (before & own).sum() - (after & own).sum()
    people = [name for name in np.unique([answers.candidate, answers.production])]
    assert len(list(accepted(answers))) == len(people) - ("unknown" in people)
    for test, name in zip(accepted(answers), people, strict=False):
        other = name != LABELS
        now, then = other & (answers.candidate == name), other & (answers.production == name)
        assert test.count == (now & ~then).sum() - (then & ~now).sum()
