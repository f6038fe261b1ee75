"""Split faces by condition: a model learns some conditions, the others play production drift."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.data.conditions import Condition, matches, write_condition
from faces.data.dataset import Faces
from faces.errors import UserError

Rows = NDArray[np.int64]

AT_LEAST = 2
"""Training images that a person needs to be enrolled."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of three disjoint sets of images, and who could not be enrolled."""

    train: Rows
    test: Rows
    drifted: Rows
    left_out: tuple[str, ...]
    condition: str


def split_by_condition(
    faces: Faces, condition: Condition, test_share: float = 0.25, seed: int = 0
) -> Split:
    """Split `faces` into training, baseline test and drifted images.

    Images that match `condition` are the baseline: of each person `test_share` of them, in random
    order, is set apart as the test, but never so many that fewer than two are left to train on.
    Whoever has fewer than two baseline images is left out and named. All other images of the
    enrolled people are drifted. Every set is sorted, and the same for the same seed. An empty
    condition makes every image baseline. An image that occurs twice is one image: it is used once.

    Raises UserError if fewer than two people can be enrolled, or nobody has an image to test on.
    """
    if not 0 < test_share < 1:
        raise UserError(f"test_share must lie between 0 and 1, not {test_share}")
    first = np.zeros(len(faces), dtype=bool)
    first[np.unique(faces.ids, return_index=True)[1]] = True
    baseline = matches(faces.conditions, condition)
    rng = np.random.default_rng(seed)
    train: list[Rows] = []
    test: list[Rows] = []
    left_out: list[str] = []
    for person, rows in _rows_by_person(faces):
        own = rng.permutation(rows[(baseline & first)[rows]])
        if len(own) < AT_LEAST:
            left_out.append(person)
            continue
        tested = min(max(1, round(len(own) * test_share)), len(own) - AT_LEAST)
        test.append(own[:tested])
        train.append(own[tested:])
    text = write_condition(condition) or "all images"
    if len(train) < AT_LEAST:
        raise UserError(
            f"{text}: {len(train)} of {len(faces.identities)} people have two images that match; "
            "two people are needed"
        )
    if not any(map(len, test)):
        raise UserError(
            f"{text}: nobody has a third image that matches, so none is left to test on"
        )
    enrolled = ~np.isin(faces.labels, left_out)
    return Split(
        train=np.sort(np.concatenate(train)),
        test=np.sort(np.concatenate(test)),
        drifted=np.flatnonzero(~baseline & enrolled & first),
        left_out=tuple(left_out),
        condition=text,
    )


def _rows_by_person(faces: Faces) -> Iterator[tuple[str, Rows]]:
    names, person = np.unique(faces.labels, return_inverse=True)
    order = np.argsort(person, kind="stable")
    starts = np.searchsorted(person[order], np.arange(1, len(names)))
    yield from zip(map(str, names), np.split(order, starts), strict=True)
