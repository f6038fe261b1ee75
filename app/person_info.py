"""Enrolled people as the app shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data.conditions import UNKNOWN, USUAL_VALUES
from faces.data.dataset import Faces
from faces.evaluation.metrics import BASELINE


@dataclass(frozen=True, eq=False)
class PersonInfo:
    """An enrolled person, as the app shows them.

    Attributes:
        name: The person.
        images: Number of training images.
        image: One of them.
        tested: Number of held-out images of the baseline test.
        correct: How many of these the version names correctly.
        conditions: How many training images were taken under which unusual conditions.
    """

    name: str
    images: int
    image: NDArray[np.float32]
    tested: int
    correct: int
    conditions: tuple[str, ...] = ()


def describe_people(enrolled: Faces, predictions: pd.DataFrame) -> list[PersonInfo]:
    """Describe the people whom a version knows, and how well it recognises them.

    Args:
        enrolled: The images that the version was trained on.
        predictions: Its predictions for held-out images.

    Returns:
        The people, by name.
    """
    tests = predictions[predictions["part"] == BASELINE]
    people = []
    for name in enrolled.identities:
        rows = np.flatnonzero(enrolled.labels == name)
        own = tests[tests["label"] == name]
        correct = int((own["predicted"] == name).sum())
        image = np.array(enrolled.images[rows[0]])
        unusual = tuple(_unusual_conditions(enrolled.conditions.iloc[rows]))
        people.append(PersonInfo(name, len(rows), image, len(own), correct, unusual))
    return people


def _unusual_conditions(conditions: pd.DataFrame) -> Iterator[str]:
    """Yield texts such as "2 with glasses=yes"."""
    for column in conditions:
        for value, count in conditions[column].value_counts().items():
            if value not in (UNKNOWN, *USUAL_VALUES.get(str(column), ())):
                yield f"{count} with {column}={value}"
