"""Split faces by condition: some conditions are trained on, the others simulate drift."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.data.conditions import Condition, matches, write_condition
from faces.data.dataset import Faces
from faces.errors import UserError

Rows = NDArray[np.int64]

MIN_TRAINING_IMAGES = 2
"""Training images that a person needs to be enrolled."""

MIN_PEOPLE = 2

ALL_IMAGES = "all images"
"""The condition of a split whose images are all baseline."""


@dataclass(frozen=True, eq=False)
class Split:
    """Three disjoint sets of images.

    Attributes:
        train: Rows to train on.
        test: Held-out rows of the same conditions, the baseline test.
        drifted: Rows of the other conditions.
        left_out: People who could not be enrolled, for lack of images.
        condition: What the training images have in common, as text.
    """

    train: Rows
    test: Rows
    drifted: Rows
    left_out: tuple[str, ...]
    condition: str


def split_by_condition(
    faces: Faces, condition: Condition, test_share: float = 0.25, seed: int = 0
) -> Split:
    """Split faces into training, baseline test and drifted images.

    Images that match the condition are the baseline. A random share of each person's is held out
    as the test, but at least two are kept to train on. People with fewer than two baseline images
    are left out. All other images of the enrolled people are drifted. Duplicate images are used
    once.

    Args:
        faces: The faces.
        condition: The conditions to train on; an empty one makes every image baseline.
        test_share: Share of the baseline images to hold out, between 0 and 1.
        seed: The same seed returns the same split.

    Returns:
        The split; the rows of every set are sorted.

    Raises:
        UserError: If fewer than two people can be enrolled, or no image is left to test on.
    """
    if not 0 < test_share < 1:
        raise UserError(f"test_share must lie between 0 and 1, not {test_share}")
    text = write_condition(condition) or ALL_IMAGES
    unique = np.zeros(len(faces), dtype=bool)
    unique[np.unique(faces.ids, return_index=True)[1]] = True
    baseline = matches(faces.conditions, condition) & unique
    rng = np.random.default_rng(seed)
    train: list[Rows] = []
    test: list[Rows] = []
    left_out: list[str] = []
    for person, rows in _rows_by_person(faces):
        images = rng.permutation(rows[baseline[rows]])
        if len(images) < MIN_TRAINING_IMAGES:
            left_out.append(person)
            continue
        n_test = min(max(1, round(len(images) * test_share)), len(images) - MIN_TRAINING_IMAGES)
        test.append(images[:n_test])
        train.append(images[n_test:])
    _check_enough(text, train, test, len(faces.identities))
    enrolled = ~np.isin(faces.labels, left_out)
    return Split(
        train=np.sort(np.concatenate(train)),
        test=np.sort(np.concatenate(test)),
        drifted=np.flatnonzero(~baseline & enrolled & unique),
        left_out=tuple(left_out),
        condition=text,
    )


def _check_enough(text: str, train: list[Rows], test: list[Rows], n_people: int) -> None:
    if len(train) < MIN_PEOPLE:
        raise UserError(
            f"{text}: {len(train)} of {n_people} people have two images that match, but two people "
            "are needed: choose another condition, or '' for all images"
        )
    if not any(map(len, test)):
        raise UserError(
            f"{text}: no person has a third image that matches, so none is left to test on: choose "
            "another condition"
        )


def _rows_by_person(faces: Faces) -> Iterator[tuple[str, Rows]]:
    names, person = np.unique(faces.labels, return_inverse=True)
    order = np.argsort(person, kind="stable")
    starts = np.searchsorted(person[order], np.arange(1, len(names)))
    yield from zip(map(str, names), np.split(order, starts), strict=True)
